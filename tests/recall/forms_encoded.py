"""Encodings: of the text as a whole, or of single values."""
import base64, gzip, io, json, os, sqlite3, tarfile, tempfile, zipfile, zlib
from kit import T, form, b64, wrap, clean, escape_html, fill

INI = """
    [default]
    aws_access_key_id = «id»
    aws_secret_access_key = «sec»
    region = us-east-1
    """
ENV = """
    APP_NAME=uploader
    AWS_ACCESS_KEY_ID=«id»
    AWS_SECRET_ACCESS_KEY=«sec»
    BUILD=«hex_40»
    """
CSV = "Access key ID,Secret access key\r\n«akia»,«sec»\r\n"
JSN = '{"accessKeyId": "«id»", "secretAccessKey": "«sec»", "region": "us-east-1"}'
BOM = b"\xef\xbb\xbf"
gz = lambda d: gzip.compress(d, 9, mtime=0)

# ---- character sets
T("bom_accessKeys.csv", "UTF-8 BOM, console download", CSV, lambda t, c: BOM + t.encode())
T("bom_direct.txt", "UTF-8 BOM right before the id", "«id»:«sec»\n", lambda t, c: BOM + t.encode())
T("utf16le_bom.ini", "UTF-16 LE with BOM (PowerShell's >)", INI, lambda t, c: b"\xff\xfe" + t.replace("\n", "\r\n").encode("utf-16-le"))
T("utf16be_bom.ini", "UTF-16 BE with BOM", INI, lambda t, c: b"\xfe\xff" + t.encode("utf-16-be"))
T("utf16le.ini", "UTF-16 LE without BOM", INI, lambda t, c: t.encode("utf-16-le"))
T("utf16be.env", "UTF-16 BE without BOM", ENV, lambda t, c: t.encode("utf-16-be"))
T("utf16le_csv.csv", "UTF-16 LE CSV with BOM", CSV, lambda t, c: b"\xff\xfe" + t.encode("utf-16-le"))
T("utf16_accents.txt", "UTF-16 LE with accents and CJK around", "Schlüssel 鍵: «id»\r\nGeheimnis 秘密: «sec»\r\n", lambda t, c: b"\xff\xfe" + t.encode("utf-16-le"))
T("utf16_in_binary.bin", "UTF-16 strings in a binary (NET resource)", "AccessKey\0«id»\0SecretKey\0«sec»\0",
  lambda t, c: bytes(c.rng.randrange(256) for _ in range(300)) + b"\0\0" + t.encode("utf-16-le") + b"\0\0" + bytes(c.rng.randrange(256) for _ in range(300)))
T("latin1.ini", "Latin-1 comments before the values, on the same line too", """
    ; clés du compte de développement
    accès_key = «id» ; créée en été
    clé_secret = «sec» ; à protéger
    """, lambda t, c: t.encode("latin-1"))
T("cp1252.properties", "Windows-1252 with smart quotes", "# “keys” of the café\naccessKey=«id»\nsecretKey=«sec»\n", lambda t, c: t.encode("cp1252"))
T("utf8_columns.py", "UTF-8 with wide characters before the values on their lines", """
    # 設定
    鍵, 秘密 = "«id»", "«sec»"  # 🔑
    """)
T("emoji.md", "emoji right beside the values", "🔑«id»🔑 🔒«sec»🔒\n")
T("cr_only.txt", "line ends of CR only", INI, lambda t, c: t.replace("\n", "\r").encode())
T("nul_padded.bin", "values padded with NUL in fixed fields", "«id»«sec»",
  lambda t, c: b"CFG1" + t[:20].encode().ljust(32, b"\0") + t[20:].encode().ljust(64, b"\0") + b"\x01\0\0\0")
T("heap.bin", "heap dump: environment-like strings between binary", "AWS_ACCESS_KEY_ID=«id»\0AWS_SECRET_ACCESS_KEY=«sec»\0",
  lambda t, c: b"\x7fELF" + bytes(c.rng.randrange(256) for _ in range(500)) + b"\0" + t.encode() + bytes(c.rng.randrange(256) for _ in range(500)))
T("Creds.class", "class file constant pool (length before each string)", "«id»«sec»",
  lambda t, c: b"\xca\xfe\xba\xbe\0\0\0\x34\0\x1d\x01\0\x06<init>\x01\0\x03()V\x01\0\x14" + t[:20].encode() + b"\x01\0\x28" + t[20:].encode()
  + b"\x01\0\x0aSourceFile\x01\0\x0aCreds.java\0\x21")
T("creds.pickle", "Python pickle", "«id»«sec»", lambda t, c: __import__("pickle").dumps({"access_key": t[:20], "secret_key": t[20:], "n": 1}, 4))
T("creds.pb", "protobuf fields", "«id»«sec»", lambda t, c: b"\x0a\x06uploads\x12\x14"[:8] + b"\x12\x14" + t[:20].encode() + b"\x1a\x28" + t[20:].encode() + b"\x20\x01")
T("creds.msgpack", "MessagePack map", "«id»«sec»", lambda t, c: b"\x82\xa6access\xb4" + t[:20].encode() + b"\xa6secret\xd9\x28" + t[20:].encode())


@form("credentials.db", "SQLite database, settings(name, value)")
def sqlite(c):
    p = c.pair()
    with tempfile.TemporaryDirectory() as d:
        f = os.path.join(d, "x.db")
        db = sqlite3.connect(f)
        db.execute("create table settings (name text, value text)")
        db.executemany("insert into settings values (?, ?)", [("theme", "dark"), ("aws_access_key_id", p.id), ("aws_secret_access_key", p.sec), ("last_run", "2024-05-01")])
        db.commit()
        db.close()
        with open(f, "rb") as h:
            return h.read()


# ---- base64 of a whole text
T("b64_whole.txt", "base64 of a credentials file, one line", INI, lambda t, c: b64(t) + "\n")
T("b64_url.txt", "url-safe base64 without padding", ENV, lambda t, c: base64.urlsafe_b64encode(t.encode()).decode().rstrip("=") + "\n")
T("b64_64.txt", "base64 wrapped at 64", INI + "    # pinned «hex_40» «uuid»\n", lambda t, c: wrap(b64(t), 64) + "\n")
T("b64_76.txt", "base64 wrapped at 76", ENV, lambda t, c: wrap(b64(t), 76) + "\n")
T("b64_76_crlf.eml", "mail with a base64 body wrapped at 76, CRLF", INI, lambda t, c:
  ("From: a@example.com\nSubject: creds\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n" + wrap(b64(t), 76) + "\n").replace("\n", "\r\n"))
T("b64_attachment.eml", "mail with accessKeys.csv attached in base64", CSV, lambda t, c:
  f'Content-Type: multipart/mixed; boundary="b1"\n\n--b1\nContent-Type: text/plain\n\nsee attachment\n--b1\nContent-Type: text/csv; name="accessKeys.csv"\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename="accessKeys.csv"\n\n{wrap(b64(BOM + t.encode()), 76)}\n--b1--\n')
T("b64_indented.yaml", "cloud-init write_files with wrapped, indented base64", INI, lambda t, c:
  "write_files:\n- path: /root/.aws/credentials\n  encoding: b64\n  content: |\n" + "".join(f"    {x}\n" for x in wrap(b64(t), 60).split("\n")))
T("b64_utf16.ps1", "PowerShell -EncodedCommand (base64 of UTF-16)", "$env:AWS_ACCESS_KEY_ID='«id»'; $env:AWS_SECRET_ACCESS_KEY='«sec»'; aws s3 ls",
  lambda t, c: "powershell.exe -NoProfile -EncodedCommand " + b64(t.encode("utf-16-le")) + "\r\n")
T("b64_twice.txt", "base64 twice over", INI, lambda t, c: b64(b64(t)) + "\n")
T("b64_twice_wrapped.txt", "base64 of wrapped base64", INI, lambda t, c: b64(wrap(b64(t), 76) + "\n") + "\n")
T("b64_gzip.txt", "gzip in base64", ENV, lambda t, c: b64(gz(t.encode())) + "\n")
T("helm_release.yaml", "Helm release secret: gzip in base64 in base64", '{"name":"app","config":{"s3":{"accessKey":"«id»","secretKey":"«sec»"}},"manifest":"---\\nkind: Service\\n"}',
  lambda t, c: "apiVersion: v1\nkind: Secret\ntype: helm.sh/release.v1\ndata:\n  release: " + b64(b64(gz(t.encode()))) + "\n")
T("userdata.tf", "user_data_base64 in Terraform", "#!/bin/bash\nexport AWS_ACCESS_KEY_ID=«id»\nexport AWS_SECRET_ACCESS_KEY=«sec»\n", lambda t, c: f'resource "aws_instance" "w" {{\n  ami              = "ami-{c.hex(17)}"\n  user_data_base64 = "{b64(t)}"\n}}\n')
T("echo_b64.sh", "echo … | base64 -d", INI, lambda t, c: f"echo {b64(t)} | base64 -d > ~/.aws/credentials\n")
T("ci_variable.env", "CI variable with a base64 file", INI, lambda t, c: f"DEPLOY_ENV=prod\nAWS_CREDENTIALS_B64={b64(t)}\nDEBUG=0\n")
T("data_url.html", "data: URL", JSN, lambda t, c: f'<a download="c.json" href="data:application/json;base64,{b64(t)}">creds</a>\n')
T("basic_auth.http", "Authorization: Basic of ID:SECRET", "«id»:«sec»", lambda t, c: f"GET /v2/ HTTP/1.1\nHost: s3proxy.example.com\nAuthorization: Basic {b64(t)}\nAccept: */*\n\n")
T("b64_in_json.json", "base64 file in JSON with \\/ escapes", INI, lambda t, c: '{"path": ".aws/credentials", "encoding": "base64", "content": "' + b64(t).replace("/", "\\/") + '"}\n')
T("github_contents.json", "GitHub contents API (base64 wrapped at 60 with \\n)", ENV, lambda t, c: json.dumps({"name": ".env", "sha": c.hex(40), "encoding": "base64", "content": wrap(b64(t), 60) + "\n"}))
T("lambda_event.json", "Kinesis record data", JSN, lambda t, c: json.dumps({"Records": [{"eventID": "shardId-000:" + str(c.rng.randrange(10**40)), "kinesis": {"data": b64(t)}}]}))
T("jwt_payload.txt", "JWT whose payload holds the pair", JSN, lambda t, c: "eyJhbGciOiJIUzI1NiJ9." + base64.urlsafe_b64encode(t.encode()).decode().rstrip("=") + "." + c.an(43) + "\n")
T("docker_auth.json", "docker config auth", "«id»:«sec»", lambda t, c: json.dumps({"auths": {"registry.example.com": {"auth": b64(t)}}}, indent=1))
# ---- base64 of single values
T("k8s_secret.yaml", "Kubernetes Secret", """
    apiVersion: v1
    kind: Secret
    metadata:
      name: s3
    type: Opaque
    data:
      AWS_ACCESS_KEY_ID: «id|b64»
      AWS_SECRET_ACCESS_KEY: «sec|b64»
    """)
T("k8s_secret_newline.yaml", "Kubernetes Secret of values with a line end (echo without -n)", """
    kind: Secret
    data:
      access-key: «id|b64n»
      secret-key: «sec|b64n»
    """)
T("k8s_secret.json", "Kubernetes Secret in JSON, sorted names", """
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s3", "uid": "«uuid»"},
     "data": {"bucket": "bWVkaWE=", "key": "«id|b64»", "password": "c2VjcmV0cGFzc3dvcmQ=", "secret": "«sec|b64»"}}
    """)
T("k8s_secret_file.yaml", "Kubernetes Secret with a whole credentials file", INI, lambda t, c: f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: aws\ndata:\n  credentials: {b64(t)}\n  config: W2RlZmF1bHRdCnJlZ2lvbiA9IHVzLWVhc3QtMQo=\n")
T("k8s_two_secrets.yaml", "two Kubernetes Secrets in one file", """
    apiVersion: v1
    kind: Secret
    metadata: {name: a}
    data:
      accesskey: «id1|b64»
      secretkey: «sec1|b64»
    ---
    apiVersion: v1
    kind: Secret
    metadata: {name: b}
    data:
      secretkey: «sec2|b64»
      accesskey: «id2|b64»
    """)
T("k8s_last_applied.json", "Secret with last-applied annotation", """
    {"kind": "Secret", "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration":
      "{\\"apiVersion\\":\\"v1\\",\\"data\\":{\\"AWS_ACCESS_KEY_ID\\":\\"«id|b64»\\",\\"AWS_SECRET_ACCESS_KEY\\":\\"«sec|b64»\\"},\\"kind\\":\\"Secret\\"}\\n"}}}
    """)
T("k8s_token.yaml", "Kubernetes Secret with session token", "kind: Secret\ndata:\n  AWS_ACCESS_KEY_ID: «id|b64»\n  AWS_SECRET_ACCESS_KEY: «sec|b64»\n  AWS_SESSION_TOKEN: «tok|b64»\n")
T("mixed_b64.yaml", "id in clear, secret in base64", "s3:\n  accessKeyId: «id»\n  secretAccessKeyBase64: «sec|b64»\n")
T("atob.js", "JavaScript atob() of each value", 'const accessKeyId = atob("«id|b64»");\nconst secretAccessKey = atob("«sec|b64»");\n')
T("b64decode.py", "Python b64decode of each value", 'ACCESS = base64.b64decode("«id|b64»").decode()\nSECRET = base64.b64decode("«sec|b64»").decode()\n')
# ---- hex, percent, escapes of everything
T("hex_whole.txt", "hex of a whole file, one line", INI, lambda t, c: t.encode().hex() + "\n")
T("HEX_upper.txt", "upper-case hex of a whole file", JSN, lambda t, c: t.encode().hex().upper() + "\n")
T("hex_values.ini", "hex of each value", "access_key_hex = «id|hex»\nsecret_key_hex = «sec|hex»\n")
T("hex_wrapped.txt", "hex wrapped at 64 (xxd -p -c 32)", ENV, lambda t, c: wrap(t.encode().hex(), 64) + "\n")
T("hex_mysql.sql", "mysqldump --hex-blob", JSN, lambda t, c: f"INSERT INTO `cfg` VALUES (1,0x{t.encode().hex().upper()});\n")
T("bytea.sql", "Postgres bytea", ENV, lambda t, c: f"COPY files (id, body) FROM stdin;\n1\t\\\\x{t.encode().hex()}\n\\.\n")
T("x_escapes.py", "\\x escapes of each character", 'KEY = "«id»"\nSECRET = "«sec|xesc»"\n')
T("pct_whole.txt", "percent-encoded JSON in a query", JSN, lambda t, c: "GET /cb?state=" + c.hex(16) + "&cfg=" + __import__("urllib.parse").parse.quote(t, safe="") + " HTTP/1.1\n")
T("pct_form.har", "form-encoded post data", '"postData": {"mimeType": "application/x-www-form-urlencoded", "text": "name=s3&access_key=«id»&secret_key=«sec|pct»&csrf=«hex_40»"}\n')
T("pct_b64.txt", "base64 in a percent-encoded query", JSN, lambda t, c: "https://app.example.com/import?data=" + b64(t).replace("+", "%2B").replace("/", "%2F").replace("=", "%3D") + "\n")
T("html_dec.html", "HTML text with &#47; and &#43;", "<p>Access key: «id»<br>Secret key: «sec|htmld»</p>\n")
T("html_hex.xhtml", "HTML text with &#x2F; and &#x2B;", "<tr><td>«id»</td><td>«sec|htmlx»</td></tr>\n")
T("js_u.js", "JavaScript with \\u002f and \\u002b in single quotes", "var cfg={id:'«id»',secret:'«sec|ju»'};\n")
T("js_x.js", "JavaScript with \\x2f and \\x2b", "window.cfg = JSON.parse('{\\x22key\\x22:\\x22«id»\\x22,\\x22secret\\x22:\\x22«sec|jx»\\x22}');\n")
T("qp_2F.eml", "quoted-printable =2F and =2B in values", "Content-Transfer-Encoding: quoted-printable\n\nKey: «id»\nSecret: «sec|qp»\n")


@form("qp_soft.eml", "quoted-printable, soft break inside id and secret")
def qp_soft(c):
    p = c.pair()
    return f"Content-Transfer-Encoding: quoted-printable\n\nThe access key you asked for the other day, on the phone, is: {p.id[:9]}=\n{p.id[9:]}\nand the secret access key is: {p.sec[:30]}=\n{p.sec[30:]}\n"


# ---- compressed and archives
T("env.gz", "gzip file", ENV, lambda t, c: gz(t.encode()))
T("zlib.txt", "zlib in base64", ENV, lambda t, c: b64(zlib.compress(t.encode(), 9)) + "\n")


def zipped(members):
    buf = io.BytesIO()
    with zipfile.ZipFile(buf, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members.items():
            z.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return buf.getvalue()


T("deploy.zip", "zip with a dotenv", ENV, lambda t, c: zipped({"app/index.js": "exports.handler = () => 1;\n", "app/.env.prod": t}))
T("letter.docx", "Word document", "«id»«sec»", lambda t, c: zipped({
    "[Content_Types].xml": '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    "word/document.xml": f'<?xml version="1.0"?><w:document><w:body><w:p w:rsidR="{c.hex(8)}"><w:r><w:t>Access key: {t[:20]}</w:t></w:r></w:p>'
                         f'<w:p w:rsidR="{c.hex(8)}"><w:r><w:t>Secret: {t[20:]}</w:t></w:r></w:p></w:body></w:document>'}))
T("keys.xlsx", "Excel sheet with shared strings", "«id»«sec»", lambda t, c: zipped({
    "xl/sharedStrings.xml": f'<sst count="4"><si><t>Access key ID</t></si><si><t>Secret access key</t></si><si><t>{t[:20]}</t></si><si><t>{t[20:]}</t></si></sst>',
    "xl/worksheets/sheet1.xml": '<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row></sheetData></worksheet>'}))


def cut(c, text, before, behind, between=""):
    """A text cut into runs at random places, as editors leave it."""
    places = sorted(c.rng.sample(range(1, len(text)), min(5, len(text) - 1)))
    pieces = [text[a:b] for a, b in zip([0] + places, places + [len(text)])]
    return between.join(before() + escape_html(piece) + behind for piece in pieces)


def docx(c, lines):
    run = lambda: f'<w:r w:rsidR="{c.hex(8)}"><w:rPr><w:lang w:val="en-US"/></w:rPr><w:t xml:space="preserve">'
    checked = '<w:proofErr w:type="spellStart"/>'
    body = "".join(f"<w:p>{cut(c, line, run, '</w:t></w:r>', checked)}</w:p>" for line in lines)
    return zipped({"word/document.xml": f'<?xml version="1.0"?><w:document><w:body>{body}</w:body></w:document>'})


def pptx(c, lines):
    run = lambda: '<a:r><a:rPr lang="en-US" dirty="0"/><a:t>'
    body = "".join(f"<a:p>{cut(c, line, run, '</a:t></a:r>')}</a:p>" for line in lines)
    return zipped({"ppt/slides/slide1.xml": f"<p:sld><p:txBody>{body}</p:txBody></p:sld>"})


def odt(c, lines):
    run = lambda: f'<text:span text:style-name="T{c.rng.randrange(9)}">'
    body = "\n".join(f"<text:p>{cut(c, line, run, '</text:span>')}</text:p>" for line in lines)
    return zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": f"<office:text>{body}</office:text>"})


LETTER = "Access key: «id»\nSecret access key: «sec»\nRegion: eu-west-1"
T("runs.docx", "Word document whose values are cut into runs", LETTER, lambda t, c: docx(c, t.split("\n")))
T("runs.pptx", "slides whose values are cut into runs", LETTER, lambda t, c: pptx(c, t.split("\n")))
T("runs.odt", "OpenDocument text whose values are cut into spans", LETTER, lambda t, c: odt(c, t.split("\n")))


@form("shuffled.xlsx", "sheet whose shared strings stand in another order than its cells")
def shuffled(c):
    rows = [["Access key ID", "Secret access key", "User"]] + [[p.id, p.sec, f"user{n}"] for n, p in enumerate(c.some(4))]
    strings = [text for row in rows for text in row]
    c.rng.shuffle(strings)
    rich = lambda text: cut(c, text, lambda: "<r><rPr><b/></rPr><t>", "</t></r>") if c.rng.random() < 0.5 else f"<t>{text}</t>"
    cell = lambda text: f'<c t="s"><v>{strings.index(text)}</v></c>'
    sheet = "".join(f'<row r="{n}">{"".join(map(cell, row))}</row>' for n, row in enumerate(rows, 1))
    return zipped({
        "xl/worksheets/sheet1.xml": f"<worksheet><sheetData>{sheet}</sheetData></worksheet>",
        "xl/sharedStrings.xml": f"<sst count='15'>{''.join(f'<si>{rich(text)}</si>' for text in strings)}</sst>",
    })


@form("inline.xlsx", "sheet of inline strings")
def inline(c):
    pairs = c.some(3)
    cell = lambda text: f'<c t="inlineStr"><is><t>{text}</t></is></c>'
    sheet = "".join(f"<row>{cell(p.id)}{cell(p.sec)}</row>" for p in pairs)
    return zipped({"xl/worksheets/sheet1.xml": f"<worksheet><sheetData>{sheet}</sheetData></worksheet>"})


@form("backup.tar.gz", "tar.gz with ~/.aws/credentials")
def targz(c):
    data = fill(c, clean(INI)).encode()
    buf = io.BytesIO()
    with tarfile.open(fileobj=buf, mode="w") as t:
        for name, d in (("home/u/.profile", b"umask 022\n"), ("home/u/.aws/credentials.bak", data)):
            ti = tarfile.TarInfo(name)
            ti.size = len(d)
            t.addfile(ti, io.BytesIO(d))
    return gz(buf.getvalue())
