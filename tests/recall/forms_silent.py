"""Forms without any pair: whatever is reported as one is wrong."""
from kit import S, form, fill, clean, b64

EX_ID = "AKIA" + "IOSFODNN7" + "EXAMPLE"
EX_SEC = "wJalrXUtnFEMI/K7MDENG" + "/bPxRfiCY" + "EXAMPLEKEY"
CAMEL = "AbstractSingletonProxyFactoryBean" + "Builder"
PATH = "src/main/java/com/example/storage/Client"
SWIFT = "application/didFinishLaunchingWithOption"
assert len(CAMEL) == len(PATH) == len(SWIFT) == 40

S("sil_git_sha.txt", "id near a git sha", "deployed by «lid» at commit «hex_40»\n")
S("sil_git_log.txt", "id in a git log", "commit «hex_40»\nMerge: «hex_7» «hex_7»\nAuthor: J <j@example.com>\n\n    drop «lid»\n\ncommit «hex_40»\n")
S("sil_sha1sum.txt", "id near sha1 sums", "«hex_40»  a.txt\n«lid»\n«hex_40»  b.txt\n")
S("sil_sha1_labelled.yml", "id near a sha1 whose name says key", "access_key: «lid»\nsecret_ref: vault/prod\nkey_fingerprint: «hex_40»\n")
S("sil_sha_upper.txt", "id near an upper-case fingerprint", "key «lid»\nfingerprint F«hex_8»\nthumbprint 9E99A48A9960B14926BB7F3B02E22DA2B0AB7280\n")
S("sil_image.md", "id near a base64 image", "key: «lid»\n\n![logo](data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA«b64_1200»AAElFTkSuQmCC)\n")
S("sil_image_wrapped.css", "id near a wrapped base64 image", "/* uploaded with «lid» */\n.x{background:url(data:image/gif;base64,\n" + "«b64_76»\n" * 8 + "«b64_40»)}\n")
S("sil_camel.java", "id near a CamelCase name of 40 characters", f'import org.springframework.aop.{CAMEL};\nString key = "«lid»";\nnew {CAMEL}();\n')
S("sil_path.txt", "id near a path of 40 characters", f"{PATH}\naccess key «lid»\n{SWIFT}\n")
S("sil_url_path.txt", "id near a URL path of letters", "key «lid» from https://github.com/example/repository/blob/master/src/main/java/com/example/storage/Client.java\n")
S("sil_jwt.http", "id near a JWT", "X-Key: «lid»\nAuthorization: Bearer «jwt»\n")
S("sil_sri.html", "id near subresource hashes", '<script src="a.js?k=«lid»" integrity="sha384-«b64_64»"></script>\n<link integrity="sha512-«b64_86»==">\n<link integrity="sha256-«b64_43»=">\n')
S("sil_lock.json", "id near a lock file's integrity", '"publishKey": "«lid»",\n"node_modules/a": {"version": "1.0.0", "integrity": "sha512-«b64_86»=="},\n"node_modules/b": {"integrity": "sha1-«b64_27»="}\n')
S("sil_uuids.log", "id near UUIDs", "«uuid» «lid» «uuid»\n«uuid»\n")
S("sil_placeholder_word.env", "placeholder: YOUR_SECRET", "AWS_ACCESS_KEY_ID=«lid»\nAWS_SECRET_ACCESS_KEY=YOUR_SECRET_ACCESS_KEY\n")
S("sil_placeholder_x.env", "placeholder: 40 times x", "AWS_ACCESS_KEY_ID=«lid»\nAWS_SECRET_ACCESS_KEY=" + "x" * 40 + "\n")
S("sil_placeholder_X.ini", "placeholder: 40 times X and 0", "access_key=«lid»\nsecret_key=" + "X" * 40 + "\n\nother=" + "0" * 40 + "\n")
S("sil_placeholder_digits.env", "placeholder: 1234567890 repeated", "AWS_ACCESS_KEY_ID=«lid»\nAWS_SECRET_ACCESS_KEY=" + "1234567890" * 4 + "\n")
S("sil_placeholder_abc.env", "placeholder: the alphabet", "AWS_ACCESS_KEY_ID=«lid»\nAWS_SECRET_ACCESS_KEY=abcdefghijklmnopqrstuvwxyz1234567890ABCD\n")
S("sil_placeholder_your.env", "placeholder: your…here in 40 characters", "AWS_ACCESS_KEY_ID=«lid»\nAWS_SECRET_ACCESS_KEY=" + "yourSecretAccessKeyGoesHere".ljust(40, "x") + "\n")
S("sil_placeholder_stars.txt", "secret masked with stars", "AWS Access Key ID [None]: «lid»\nAWS Secret Access Key [None]: " + "*" * 36 + "ab3D\n")
S("sil_placeholder_variable.tf", "secret from a variable", 'access_key = "«lid»"\nsecret_key = var.production_account_secret_access_key_value\n')
S("sil_ssm.yaml", "secret from a parameter path", 'AccessKey: «lid»\nSecretKey: "{{resolve:ssm-secure:/production/application/storage/secretKey:1}}"\n')
S("sil_env_ref.js", "secret from the environment", "const s3 = new S3({ accessKeyId: '«lid»', secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY })\n")
S("sil_presigned_v4.txt", "presigned URL beside a csrf token of 40 characters", "https://b.s3.amazonaws.com/o?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=«lid»%2F20240501%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20240501T101112Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host&X-Amz-Signature=«hex_64»\nETag: «hex_32»\ncsrf_token: «an_40»\n")
S("sil_presigned_v2.txt", "version 2 presigned URL", "https://b.s3.amazonaws.com/o?AWSAccessKeyId=«lid»&Expires=1714557600&Signature=«b64_27|pct»%3D\n")
S("sil_presigned_token.json", "presigned URL next to a Cloudflare token", '{"url": "https://b.s3.amazonaws.com/o?X-Amz-Credential=«lid»%2F20240501%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=«hex_64»",\n "cloudflare_api_token": "«an_40»"}\n')
S("sil_auth_header.http", "SigV4 Authorization header", "Authorization: AWS4-HMAC-SHA256 Credential=«lid»/20240501/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=«hex_64»\nx-amz-content-sha256: «hex_64»\n")
S("sil_auth_v2.http", "version 2 Authorization header", "Authorization: AWS «lid»:«b64_27»=\nx-amz-id-2: «b64_75»=\nx-amz-request-id: «an_16»\n")
S("sil_ghp.env", "id near a GitHub token of 40 characters", "AWS_ACCESS_KEY_ID=«lid»\nGITHUB_TOKEN=ghp_«an_36»\nNPM_TOKEN=npm_«an_36»\n")
S("sil_cloudflare.env", "id near another service's labelled token of 40 characters", "AWS_ACCESS_KEY_ID=«lid»\nCLOUDFLARE_API_TOKEN=«an_40»\n")
S("sil_sha_assign.env", "id near a labelled sha256 in base64", "AWS_ACCESS_KEY_ID=«lid»\nCODE_SHA256=«b64_43»=\nGIT_COMMIT=«hex_40»\n")
S("sil_ssh.pub", "id near an ssh public key", "# «lid»\nssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ«b64_330»== jane@host\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI«b64_43» bob@host\n")
S("sil_ses_smtp.env", "SES SMTP user with its 44-character password (not a secret key)", "SMTP_USERNAME=«lid»\nSMTP_PASSWORD=BA«b64_42»\n")
S("sil_41.env", "labelled value of 41 characters", "AWS_ACCESS_KEY_ID=«lid»\nAWS_SECRET_ACCESS_KEY=«an_41»\n")
S("sil_39.env", "labelled value of 39 characters", "AWS_ACCESS_KEY_ID=«lid»\nAWS_SECRET_ACCESS_KEY=«an_39»\n")
S("sil_bad_id.env", "id with characters that never occur (0, 1, 8, 9) beside a random string", "KEY=AKIA0189«hex_4»ABCDEFGH\nVALUE=«lsec»\n")
S("sil_long_word.txt", "id inside a longer upper-case word, random string beside", "XX«lid»QQ77 «lsec»\n")
S("sil_example_env.env", "AWS's example pair", f"AWS_ACCESS_KEY_ID={EX_ID}\nAWS_SECRET_ACCESS_KEY={EX_SEC}\n")
S("sil_example_doc.md", "example pair in documentation with a real-looking id", f"Use `{EX_ID}` and `{EX_SEC}`. Ours is «lid».\n")
S("sil_example_b64.yaml", "example pair in a Kubernetes Secret", f"kind: Secret\ndata:\n  AWS_ACCESS_KEY_ID: {b64(EX_ID)}\n  AWS_SECRET_ACCESS_KEY: {b64(EX_SEC)}\n")
S("sil_example2.json", "second example pair", '{"AccessKeyId": "AKIAI44QH8DHB' + 'EXAMPLE", "SecretAccessKey": "je7MtGbClwBF/2Zp9Utk/h3yCo8nvb' + 'EXAMPLEKEY"}\n')
S("sil_sequence.sql", "id near a page of hex digests", "INSERT INTO blobs VALUES " + ",".join("('«hex_40»','«hex_40»')" for _ in range(10)) + ";\n-- by «lid»\n")
S("sil_kms_blob.json", "id near a long KMS ciphertext", '{"accessKey": "«lid»", "secretKeyEncrypted": "AQICAHh«b64_213»=="}\n')
S("sil_sealed.yaml", "SealedSecret beside an id", "kind: SealedSecret\nmetadata:\n  annotations: {key: «lid»}\nspec:\n  encryptedData:\n    secretkey: AgB«b64_684»==\n")


@form("sil_pem.txt", "id near a PEM key whose last line has 40 characters", silent=True)
def pem(c):
    return f"# key pair of {c.key_id()}\n{c.pem()}\n"


@form("sil_cert.txt", "id near a certificate whose last line has 40 characters", silent=True)
def cert(c):
    return f"{c.pem(18, 40, 'CERTIFICATE')}\naccess_key_id = {c.key_id()}\n"


@form("sil_aroa.json", "AROA and AIDA ids near random 40-character strings", silent=True)
def aroa(c):
    return f'{{"RoleId": "{c.key_id("AROA")}", "ExternalId": "{c.secret()}"}}\n{{"UserId": "{c.key_id("AIDA")}", "PermissionsBoundaryHash": "{c.secret()}"}}\n'


@form("sil_aida.txt", "AIDA id and a bare random 40-character string", silent=True)
def aida(c):
    return f"{c.key_id('AIDA')}\n{c.secret()}\n{c.key_id('ANPA')} {c.key_id('AGPA')} {c.key_id('APKA')}\n"


@form("sil_base64_akia.txt", "an id's letters inside a long base64 block", silent=True)
def inside(c):
    return "data: " + c.b64(300) + c.key_id("AKIA") + c.b64(300) + "==\n" + "blob: " + c.b64(256) + "\n"


@form("sil_cloudtrail.json", "CloudTrail record: ids and hashes only", silent=True)
def trail(c):
    return (f'{{"eventName": "GetObject", "userIdentity": {{"type": "IAMUser", "principalId": "{c.key_id("AIDA")}", "accessKeyId": "{c.key_id()}"}},\n'
            f' "additionalEventData": {{"x-amz-id-2": "{c.b64(75)}="}}, "requestID": "{c.an(16)}", "eventID": "{c.uuid()}"}}\n')
