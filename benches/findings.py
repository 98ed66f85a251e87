#!/usr/bin/env python3
"""What scanners find in a small folder of leaks, and what they take for one.

A leak counts as found if a tool reports anything in its file: which part of it, and whether the id
and its secret are paired, is left out here. Keys are made up on the spot.

Needs the programs on the PATH; those that are missing are left out (see benches/hook.py). Then:
    cargo build --release && PATH=$PWD/target/release:$PATH python3 benches/findings.py
"""

import base64
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import uuid

CHANCE = random.Random(7)
BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def some(alphabet, length):
    return "".join(CHANCE.choices(alphabet, k=length))


def pair(prefix="AKIA"):
    # The first letters hold the account's number: Q to 7 are those of today's keys.
    return prefix + some("QRSTUVWXYZ234567", 1) + some(BASE32, 15), "a/" + some(BASE64, 38)


def leaks():
    """Forms in which keys leak, from the plainest on."""
    key, secret = pair()
    yield "credentials", f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
    key, secret = pair()
    yield "dotenv.env", f"PORT=80\nAWS_ACCESS_KEY_ID={key}\nAWS_SECRET_ACCESS_KEY={secret}\n"
    key, secret = pair()
    yield "export.sh", f"export AWS_SECRET_ACCESS_KEY='{secret}'\nexport AWS_ACCESS_KEY_ID='{key}'\n"
    key, secret = pair()
    yield "client.py", f"s3 = boto3.client('s3', 'eu-west-1', None, True, '{key}', '{secret}')\n"
    key, secret = pair()
    yield "main.tf", f'provider "aws" {{\n  access_key = "{key}"\n  secret_key = "{secret}"\n}}\n'
    key, secret = pair()
    yield "compose.yml", f"environment:\n  - AWS_ACCESS_KEY_ID={key}\n  - AWS_SECRET_KEY={secret}\n"
    key, secret = pair()
    yield "accessKeys.csv", f"Access key ID,Secret access key\r\n{key},{secret}\r\n"
    key, secret = pair()
    yield "key.json", json.dumps({"AccessKey": {"AccessKeyId": key, "SecretAccessKey": secret}})
    key, secret = pair()
    escaped = secret.replace("/", "\\/")
    yield "settings.json", f'{{"s3": {{"id": "{key}", "secret": "{escaped}"}}}}\n'
    key, secret = pair()
    yield "app.properties", f"s3.accessKey={key}\n" + "x=1\n" * 15 + f"s3.secretKey={secret}\n"
    key, secret = pair()
    half = f'"{secret[:20]}" + "{secret[20:]}"'
    yield "Upload.java", f'String id = "{key}";\nString secret = {half};\n'
    key, secret = pair()
    encoded = [base64.b64encode(part.encode()).decode() for part in (key, secret)]
    yield "secret.yaml", "kind: Secret\ndata:\n  id: {}\n  key: {}\n".format(*encoded)
    key, secret = pair()
    text = f"[default]\naws_access_key_id={key}\naws_secret_access_key={secret}\n"
    yield "user-data.txt", base64.encodebytes(text.encode()).decode()
    key, secret = pair()
    quoted = urllib.parse.quote(secret, safe="")
    yield "upload.url", f"https://example.org/?AWSAccessKeyId={key}&AWSSecretKey={quoted}\n"
    key, secret = pair()
    yield "profile.ps1", f'$env:ID = "{key}"\r\n$env:SECRET = "{secret}"\r\n'.encode("utf-16")
    key, secret = pair()
    yield "fix.patch", f'@@ -1,2 +1,3 @@\n+id = "{key}"\n+secret = "{secret}"\n'
    key, secret = pair("ASIA")
    token = "IQoJb3JpZ2luX2Vj" + some(BASE64, 340)
    credentials = {"AccessKeyId": key, "SecretAccessKey": secret, "SessionToken": token}
    yield "sts.json", json.dumps({"Credentials": credentials}, indent=2)
    body = f"BedrockAPIKey-{some('abcdefghijklmnop0123456789', 4)}-at-123456789012:{some(BASE64, 40)}"
    yield "bedrock.env", "AWS_BEARER_TOKEN_BEDROCK=ABSK" + base64.b64encode(body.encode()).decode()
    yield "alone.ini", f"aws_secret_access_key = {pair()[1]}\n"


def silent():
    """Texts that hold no credential and are found in every other repository."""
    hashes = [hashlib.sha1(str(number).encode()).hexdigest() for number in range(50)]
    yield "hashes.txt", "".join(f"{one} refs/heads/{one[:4]}\n" for one in hashes)
    yield "secret_hash.py", f"SECRET_COMMIT = '{hashes[0]}'\nsecret_access = '{hashes[1]}'\n"
    integrity = [base64.b64encode(hashlib.sha512(one.encode()).digest()).decode() for one in hashes]
    lock = {f"p{n}": {"integrity": f"sha512-{one}"} for n, one in enumerate(integrity)}
    yield "package-lock.json", json.dumps(lock, indent=2)
    image = base64.encodebytes(CHANCE.randbytes(6000)).decode().replace("\n", "")
    yield "image.html", f'<img src="data:image/png;base64,{image[:3000]}AKIA{image[3000:]}">\n'
    example = "AKIAIOSFODNN7" + "EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY"
    yield "example.md", "aws_access_key_id = {}\naws_secret_access_key = {}\n".format(*example)
    yield "template.env", "AWS_ACCESS_KEY_ID=AKIAXXXXXXXXXXXXXXXX\nAWS_SECRET_ACCESS_KEY=" + "x" * 40
    yield "reference.env", "AWS_ACCESS_KEY_ID=${KEY_ID}\nAWS_SECRET_ACCESS_KEY=${SECRET_KEY}\n"
    yield "roles.json", json.dumps({"RoleId": "AROA" + some(BASE32, 17), "Secret": str(uuid.UUID(int=CHANCE.getrandbits(128)))})
    yield "names.java", "aws.secret.access = org/example/service/storage/KeyHolderOf;\n"
    yield "arn.tf", f'kms_key_id = "arn:aws:kms:eu-west-1:123456789012:key/{uuid.UUID(int=CHANCE.getrandbits(128))}"\n'


def files_of(tool, folder):
    """The names of the files in which a tool reports anything."""
    if tool == "keysweep":
        text = run("keysweep", "scan", "--no-ignore", "--format", "json", folder)
        places = (place for one in json.loads(text)["findings"] for place in one["occurrences"])
        return {os.path.basename(place["path"]) for place in places}
    if tool == "ripsecrets":
        lines = run("ripsecrets", folder).splitlines()
        return {os.path.basename(line.split(":", 1)[0]) for line in lines if ":" in line}
    if tool == "gitleaks":
        report = os.path.join(folder, "..", "gitleaks.json")
        run("gitleaks", "dir", folder, "--no-banner", "--report-path", report)
        with open(report, encoding="utf-8") as file:
            return {os.path.basename(one["File"]) for one in json.load(file)}
    text = run(
        "kingfisher", "scan", folder, "--no-validate", "--no-update-check", "--format", "json",
        "--git-history", "none",
    )
    found = json.JSONDecoder().raw_decode(text[text.index("{"):])[0]["findings"]
    return {os.path.basename(one["finding"]["path"]) for one in found}


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def main():
    with tempfile.TemporaryDirectory() as above:
        folder = os.path.join(above, "project")
        os.mkdir(folder)
        for name, text in [*leaks(), *silent()]:
            with open(os.path.join(folder, name), "wb") as file:
                file.write(text if isinstance(text, bytes) else text.encode())
        wanted = {name for name, _ in leaks()}
        unwanted = {name for name, _ in silent()}
        print(f"{'':<12}{'leaks of ' + str(len(wanted)):>14}{'false alarms of ' + str(len(unwanted)):>20}")
        for tool in ["keysweep", "ripsecrets", "kingfisher", "gitleaks"]:
            if not shutil.which(tool):
                print(f"{tool} is not on the PATH: left out", file=sys.stderr)
                continue
            found = files_of(tool, folder)
            print(f"{tool:<12}{len(found & wanted):>14}{len(found & unwanted):>20}")
            print(f"  missed: {', '.join(sorted(wanted - found)) or '-'}")
            print(f"  wrong: {', '.join(sorted(found & unwanted)) or '-'}")


main()
