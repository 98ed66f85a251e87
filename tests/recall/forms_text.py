"""Text people and programs leave behind: logs, mails, chats, patches, tables, notebooks, dumps."""
import json
from kit import T, form, qp_wrap

T("configure_transcript.txt", "aws configure transcript", """
    $ aws configure
    AWS Access Key ID [None]: «id»
    AWS Secret Access Key [None]: «sec»
    Default region name [None]: us-east-1
    Default output format [None]:
    """)
T("configure_typescript.txt", "script(1) of aws configure with terminal colours", "\x1b[32mjane@host\x1b[0m:\x1b[34m~\x1b[0m$ aws configure\r\nAWS Access Key ID [None]: «id»\r\nAWS Secret Access Key [None]: «sec»\r\n")
T("coloured.log", "values in ANSI colours", "access key \x1b[1;33m«id»\x1b[0m secret key \x1b[1;31m«sec»\x1b[0m\n")
T("env_dump.txt", "env dump in any order", """
    SHELL=/bin/bash
    AWS_SECRET_ACCESS_KEY=«sec»
    NVM_INC=/home/u/.nvm/versions/node/v18.16.0/include/node
    GIT_SHA=«hex_40»
    HOME=/home/u
    AWS_ACCESS_KEY_ID=«id»
    _=/usr/bin/env
    """)
T("declare.txt", "declare -x dump", 'declare -x AWS_ACCESS_KEY_ID="«id»"\ndeclare -x AWS_DEFAULT_REGION="us-east-1"\ndeclare -x AWS_SECRET_ACCESS_KEY="«sec»"\n')
T("cmd_set.txt", "Windows set dump", "ALLUSERSPROFILE=C:\\ProgramData\r\nAWS_ACCESS_KEY_ID=«id»\r\nAWS_SECRET_ACCESS_KEY=«sec»\r\nCOMPUTERNAME=BUILD7\r\n")
T("ps_env.txt", "Get-ChildItem Env: table", """
    Name                           Value
    ----                           -----
    AWS_ACCESS_KEY_ID              «id»
    AWS_SECRET_ACCESS_KEY          «sec»
    COMPUTERNAME                   BUILD7
    """)
T("ps.txt", "ps output", """
    root      4711  0.0  0.1  12345  6789 ?  Ss  10:00  0:00 s3fs media /mnt -o url=https://s3.amazonaws.com
    app       4712  1.0  2.1 123456 67890 ?  Sl  10:00  1:23 /usr/bin/java -Xmx2g -Ds3.key=«id» -Ds3.secret=«sec» -jar /srv/app.jar
    """)
T("environ.bin", "/proc/PID/environ, separated by NUL", "PATH=/usr/bin\0AWS_ACCESS_KEY_ID=«id»\0AWS_SECRET_ACCESS_KEY=«sec»\0HOME=/root\0")
T("access.log", "HTTP access log with query parameters", """
    10.0.0.7 - - [01/May/2024:10:11:12 +0000] "GET /healthz HTTP/1.1" 200 2 "-" "kube-probe/1.27"
    10.0.0.9 - - [01/May/2024:10:11:13 +0000] "POST /connect?accessKey=«id»&secretKey=«sec|pct»&bucket=b HTTP/1.1" 200 17 "-" "curl/8.1"
    """)
T("form_body.log", "logged form body, lower-case percent encoding", "DEBUG body: provider=aws&key=«id»&secret=«sec|pctl»&region=us-east-1\n")
T("double_pct.log", "percent-encoded twice in a redirect", "302 https://sso.example.com/login?next=%2Fconnect%3Fkey%3D«id»%26secret%3D«sec|pct2»%26region%3Dus-east-1\n")
T("debug.log", "botocore-like debug log, two lines with time stamps", """
    2024-05-01 10:11:12,001 DEBUG config loaded from /srv/app/conf.d
    2024-05-01 10:11:12,002 DEBUG using access key «id»
    2024-05-01 10:11:12,003 DEBUG request id «uuid» etag "«hex_32»"
    2024-05-01 10:11:12,004 DEBUG using secret key «sec»
    """)
T("tostring.log", "Java toString()", "INFO S3Config(endpoint=s3.amazonaws.com, accessKey=«id», secretKey=«sec», bucket=b)\n")
T("ruby_inspect.log", "Ruby hash inspect", 'I, [2024-05-01] INFO -- : {:provider=>"AWS", :aws_access_key_id=>"«id»", :aws_secret_access_key=>"«sec»"}\n')
T("go_struct.log", "Go %+v of a struct", "config: {Region:us-east-1 AccessKeyID:«id» SecretAccessKey:«sec» SessionToken: UsePathStyle:true}\n")
T("go_struct_v.log", "Go %v of credentials.Value", "creds: {«id» «sec»  StaticProvider}\n")
T("json_lines.ndjson", "JSON log lines with escaped message", """
    {"ts":"2024-05-01T10:11:12Z","level":"info","msg":"start","commit":"«hex_40»"}
    {"ts":"2024-05-01T10:11:13Z","level":"debug","msg":"env: AWS_ACCESS_KEY_ID=«id» AWS_SECRET_ACCESS_KEY=«sec»"}
    """)


@form("nested.json", "JSON in a JSON string")
def nested(c):
    p = c.pair()
    return json.dumps({"Name": "prod/s3", "SecretString": json.dumps({"access_key": p.id, "secret_key": p.sec}), "VersionId": c.uuid()}, indent=2)


@form("nested_twice.json", "JSON in JSON in JSON with \\/")
def nested_twice(c):
    p = c.pair()
    inner = json.dumps({"accessKeyId": p.id, "secretAccessKey": p.sec}).replace("/", "\\/")
    return json.dumps({"body": json.dumps({"message": inner})})


@form("get-secret-value.json", "JSON string with a whole dotenv (\\n inside)")
def dotenv_json(c):
    p = c.pair()
    return json.dumps({"files": {".env": {"content": f"PORT=80\nAWS_ACCESS_KEY_ID={p.id}\nAWS_SECRET_ACCESS_KEY={p.sec}\n"}}})


@form("notebook.ipynb", "notebook source")
def nb_source(c):
    p = c.pair()
    return json.dumps({"cells": [{"cell_type": "code", "execution_count": 1, "id": c.hex(8), "metadata": {}, "outputs": [],
                                  "source": ["import boto3\n", f'access_key = "{p.id}"\n', f'secret_key = "{p.sec}"\n', "s3 = boto3.resource('s3')"]}],
                       "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


@form("notebook_output.ipynb", "notebook output beside an image")
def nb_output(c):
    p = c.pair()
    return json.dumps({"cells": [{"cell_type": "code", "execution_count": 3, "id": c.hex(8), "metadata": {}, "source": ["!cat ~/.aws/credentials"],
                                  "outputs": [{"name": "stdout", "output_type": "stream", "text": [
                                      "[default]\n", f"aws_access_key_id = {p.id}\n", f"aws_secret_access_key = {p.sec}\n"]}]},
                                 {"cell_type": "code", "execution_count": 4, "id": c.hex(8), "metadata": {}, "source": ["plt.show()"],
                                  "outputs": [{"data": {"image/png": "iVBORw0KGgo" + c.b64(900)}, "output_type": "display_data"}]}],
                       "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


@form("notebook_magic.ipynb", "notebook %env magics")
def nb_magic(c):
    p = c.pair()
    return json.dumps({"cells": [{"cell_type": "code", "source": [f"%env AWS_ACCESS_KEY_ID={p.id}\n", f"%env AWS_SECRET_ACCESS_KEY={p.sec}"], "outputs": []}]}, indent=1)


T("postman_env.json", "Postman environment, key then value", """
    {
    	"id": "«uuid»",
    	"name": "aws",
    	"values": [
    		{"key": "accessKey", "value": "«id»", "enabled": true},
    		{"key": "secretKey", "value": "«sec»", "enabled": true}
    	]
    }
    """)
T("postman_auth.json", "Postman awsv4 auth, value then key, secret first", """
    "auth": {
    	"type": "awsv4",
    	"awsv4": [
    		{"value": "«sec»", "type": "string", "key": "secretKey"},
    		{"value": "us-east-1", "type": "string", "key": "region"},
    		{"value": "«id»", "type": "string", "key": "accessKey"}
    	]
    }
    """)


@form("session.har", "HAR request body")
def har(c):
    p = c.pair()
    return json.dumps({"log": {"version": "1.2", "entries": [{"startedDateTime": "2024-05-01T10:11:12Z", "request": {
        "method": "POST", "url": "https://app.example.com/api/integrations/s3",
        "headers": [{"name": "x-csrf-token", "value": c.b64(86) + "=="}, {"name": "cookie", "value": "sid=" + c.uuid()}],
        "postData": {"mimeType": "application/json", "text": json.dumps({"accessKeyId": p.id, "secretAccessKey": p.sec})}}}]}}, indent=2)


T("mail.eml", "mail, plain", """
    From: Ops <ops@example.com>
    To: jane@example.com
    Subject: your new key
    Message-ID: <«uuid»@mail.example.com>

    Hi Jane,

    here are the credentials for the bucket:

    Access Key ID: «id»
    Secret Access Key: «sec»

    Please change them soon.
    """)
MAIL = """
    From: ops@example.com
    Subject: keys
    MIME-Version: 1.0
    Content-Type: text/html; charset=utf-8
    Content-Transfer-Encoding: quoted-printable

    """


@form("mail_qp.eml", "mail, quoted-printable HTML with a soft break inside the secret")
def mail_qp(c):
    p = c.pair()
    body = f'<table style="border:0" class="credentials-table"><tr><td>Key</td><td>{p.id}</td></tr>\n' \
           f'<tr><td align="left">Secret access key for you:</td><td>{p.sec}</td></tr></table>\n'
    from kit import clean
    return clean(MAIL) + qp_wrap(body)


T("mail_qp_plain.eml", "mail, quoted-printable, =3D after the names", """
    From: ops@example.com
    Content-Type: text/plain; charset=utf-8
    Content-Transfer-Encoding: quoted-printable

    Sch=C3=B6ne Gr=C3=BC=C3=9Fe, hier die Daten:
    AWS_ACCESS_KEY_ID=3D«id»
    AWS_SECRET_ACCESS_KEY=3D«sec»
    """)
T("mail_qp_escaped.eml", "mail, quoted-printable with =2F and =2B and a soft break between label and secret", """
    From: ops@example.com
    Content-Transfer-Encoding: quoted-printable

    Access key «id», and the secret key that belongs to it is the following one: =
    «sec|qp»
    """)
T("quoted_reply.eml", "mail, quoted with >", """
    Thanks, works!

    > Access key: «id»
    > Secret key: «sec»
    > -- Bob
    """)
T("added.diff", "unified diff, added lines", """
    diff --git a/.env b/.env
    index «hex_7»..«hex_7» 100644
    --- a/.env
    +++ b/.env
    @@ -1,2 +1,4 @@
     PORT=80
    +AWS_ACCESS_KEY_ID=«id»
    +AWS_SECRET_ACCESS_KEY=«sec»
     HOST=0.0.0.0
    """)
T("removed.patch", "mail patch, removed lines", """
    From «hex_40» Mon Sep 17 00:00:00 2001
    From: Jane <jane@example.com>
    Subject: [PATCH] remove keys

    ---
     conf.py | 4 ++--
    diff --git a/conf.py b/conf.py
    index «hex_40»..«hex_40» 100644
    --- a/conf.py
    +++ b/conf.py
    @@ -1,2 +1,2 @@
    -KEY = "«id»"
    -SECRET = "«sec»"
    +KEY = os.environ["KEY"]
    +SECRET = os.environ["SECRET"]
    --
    2.40.1
    """)
T("bare_added.diff", "diff with the bare secret at the beginning of a + line", """
    --- /dev/null
    +++ b/keys.txt
    @@ -0,0 +1,2 @@
    +«id»
    +«sec»
    """)
T("bare_removed.diff", "diff with bare values on - lines", """
    --- a/keys.txt
    +++ /dev/null
    @@ -1,2 +0,0 @@
    -«id»
    -«sec»
    """)
T("rotated.diff", "diff that replaces one pair by another", """
    --- a/app.env
    +++ b/app.env
    @@ -3,4 +3,4 @@ PORT=80
    -AWS_ACCESS_KEY_ID=«id1»
    -AWS_SECRET_ACCESS_KEY=«sec1»
    +AWS_ACCESS_KEY_ID=«id2»
    +AWS_SECRET_ACCESS_KEY=«sec2»
     AWS_REGION=eu-west-1
    """)
T("rotated_each.diff", "diff that replaces each line by itself", """
    --- a/app.env
    +++ b/app.env
    @@ -3,5 +3,5 @@ PORT=80
    -AWS_ACCESS_KEY_ID=«id1»
    +AWS_ACCESS_KEY_ID=«id2»
     AWS_REGION=eu-west-1
    -AWS_SECRET_ACCESS_KEY=«sec1»
    +AWS_SECRET_ACCESS_KEY=«sec2»
    """)
T("conflict.env", "merge conflict with two pairs", """
    <<<<<<< HEAD
    AWS_ACCESS_KEY_ID=«id1»
    AWS_SECRET_ACCESS_KEY=«sec1»
    =======
    AWS_ACCESS_KEY_ID=«id2»
    AWS_SECRET_ACCESS_KEY=«sec2»
    >>>>>>> «hex_40»
    """)
T("chat.txt", "chat transcript", """
    [10:01] jane: can you send me the s3 keys?
    [10:02] bob: sure
    [10:02] bob: «id»
    [10:02] bob: «sec»
    [10:03] jane: thx
    """)
T("slack.json", "Slack export, pair in two messages", """
    [
      {"type": "message", "user": "U02ABCDEF", "ts": "1700000001.000100", "text": "key is `«id»`"},
      {"type": "message", "user": "U02ABCDEF", "ts": "1700000002.000200", "text": "secret: `«sec»`"}
    ]
    """)
T("ticket.md", "issue text with a code block", """
    ### Steps to reproduce

    ```
    $ export AWS_ACCESS_KEY_ID=«id»
    $ export AWS_SECRET_ACCESS_KEY=«sec»
    $ terraform init
    ```

    Version: «hex_40»
    """)
T("inline.md", "prose in one sentence", "Use the key `«id»` with secret `«sec»` to upload (ask Bob if it stops working).\n")
T("notes.txt", "two bare lines", "«id»\n«sec»\n")
T("notes_blank.txt", "two bare lines with a blank line between and a title", "s3 prod\n\n«id»\n\n«sec»\n")
T("slash.txt", "id / secret on one line", "s3 login: «id» / «sec»\n")
T("tabbed.txt", "id TAB secret", "«id»\t«sec»\n")
T("pipe.txt", "id|secret|region", "«id»|«sec»|us-east-1\n")
T("prose_far.txt", "prose with label words, several lines apart", """
    The deploy user was created on Monday. Its access key id is «id»,
    it belongs to the group deployers and may write to the release bucket only.
    Please use https://console.aws.amazon.com/iam/home?region=us-east-1#/users for changes
    and mention ticket OPS-1234 (build «hex_40»).
    The secret access key is «sec». Keep it safe.
    """)
T("readme.rst", "reStructuredText literal block", "Usage::\n\n    export AWS_ACCESS_KEY_ID=«id»\n    export AWS_SECRET_ACCESS_KEY=«sec»\n")
T("table.md", "Markdown table, one row", """
    | Environment | Access key | Secret key | Commit |
    |---|---|---|---|
    | prod | `«id»` | `«sec»` | «hex_40» |
    """)
T("table_vertical.md", "Markdown table of names and values", """
    | Name | Value |
    |------|-------|
    | Access key ID | «id» |
    | Secret access key | «sec» |
    """)
T("wiki.txt", "Confluence wiki table", "||Account||Key||Secret||\n|prod|«id»|«sec»|\n")
T("page.html", "HTML definition list", "<dl><dt>Access Key</dt><dd>«id»</dd><dt>Secret</dt><dd>«sec»</dd></dl>\n")
T("form.html", "HTML inputs with values", """
    <input type="text" name="access_key" value="«id»">
    <input type="password" name="secret_key" value="«sec»" autocomplete="off">
    """)
T("data_attr.html", "HTML data attributes with entities", '<div data-key="«id»" data-secret="«sec|htmld»"></div>\n')
T("entities_json.html", "HTML attribute with &quot; JSON", '<div data-props="{&quot;accessKeyId&quot;:&quot;«id»&quot;,&quot;secretAccessKey&quot;:&quot;«sec»&quot;}"></div>\n')
T("upload.jsp", "JSP page", '<% AmazonS3 s3 = new AmazonS3Client(new BasicAWSCredentials("«id»","«sec»")); %>\n')
T("fstab", "fstab options", "s3fs#media /mnt/media fuse _netdev,allow_other,accessKeyId=«id»,secretAccessKey=«sec» 0 0\n")
T("crontab", "crontab prefix", "0 3 * * * AWS_ACCESS_KEY_ID=«id» AWS_SECRET_ACCESS_KEY=«sec» /usr/local/bin/backup >/dev/null 2>&1\n")
T("url_https.txt", "https URL with user info, raw", "https://«id»:«sec»@bucket.s3.amazonaws.com/file.zip\n")
T("url_s3_lower.yaml", "s3 URL with user info, lower-case percent encoding", "backup_url: s3://«id»:«sec|pctl»@s3.amazonaws.com/bucket/path\n")
T("url_query.txt", "flink/camel URI with query parameters", "aws2-s3://bucket?accessKey=«id»&secretKey=RAW(«sec»)&region=eu-west-1\n")
T("thumbor.conf", "thumbor/python style config file", "AWS_ACCESS_KEY = '«id»' # key\n## secret\nAWS_SECRET_KEY = '«sec»'\n")
T("subtitle.srt", "subtitles of a screencast", """
    1
    00:00:01,000 --> 00:00:04,000
    so the access key is «id»

    2
    00:00:04,000 --> 00:00:09,000
    and the secret key is «sec»
    """)
T("gdb.txt", "debugger output", '(gdb) p creds\n$1 = {access_key = 0x55d0c0 "«id»", secret = 0x55d100 "«sec»", token = 0x0}\n')
T("python_traceback.txt", "Python traceback with locals", """
    Traceback (most recent call last):
      File "/srv/app/up.py", line 12, in connect
        client = boto3.client("s3", **kw)
    locals: kw = {'aws_access_key_id': '«id»', 'aws_secret_access_key': '«sec»'}
    """)
T("repr.txt", "boto3 credentials printed one by one in a REPL", """
    >>> creds.access_key
    '«id»'
    >>> creds.secret_key
    '«sec»'
    """)
T("mysql_g.txt", "mysql \\G output", """
    *************************** 1. row ***************************
            id: 7
    access_key: «id»
    secret_key: «sec»
      checksum: «hex_40»
    1 row in set (0.00 sec)
    """)
