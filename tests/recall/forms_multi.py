"""Distance between id and secret, and several pairs in one file in every order."""
import json
from kit import T, form

# ---- one pair, 1 to 30 lines of other things between
for n in (1, 2, 3, 5, 8, 12, 18, 24, 30):
    T(f"apart_{n:02}.env", f"{n} unrelated lines between, labelled", f"AWS_ACCESS_KEY_ID=«id»\n«noise_{n}»\nAWS_SECRET_ACCESS_KEY=«sec»\n")
for n in (4, 10, 20, 30):
    T(f"apart_reversed_{n:02}.env", f"secret first, {n} unrelated lines between", f"«noise_4»\nAWS_SECRET_ACCESS_KEY=«sec»\n«noise_{n}»\nAWS_ACCESS_KEY_ID=«id»\n«noise_3»\n")
T("apart_hashes.txt", "only git hashes and checksums between, secret unlabelled", """
    access: «id»
    «hex_40»  src/main.c
    «hex_40»  src/util.c
    «hex_64»  dist/app.tar.gz
    «hex_32»  dist/app.zip
    «sec»
    """)
T("apart_yaml.yml", "YAML with 12 other settings between", """
    storage:
      access_key: «id»
      endpoint: https://s3.eu-west-1.amazonaws.com/bucket/«hex_40»
      etag: "«hex_32»"
      commit: «hex_40»
      integrity: sha512-«b64_86»==
      installation: «uuid»
      github_token: ghp_«an_36»
      sonar_token: «hex_40»
      cloudflare_api_token: «an_40»
      webhook: https://hooks.slack.com/services/T0«an_8»/B0«an_8»/«an_24»
      logo: data:image/png;base64,iVBORw0KGgo«b64_200»
      retries: 3
      timeout: 30s
      secret_key: «sec»
    """)
T("apart_code.py", "class with methods between the two", """
    class Uploader:
        access_key = "«id»"

        def __init__(self, bucket):
            self.bucket = bucket
            self.revision = "«hex_40»"

        def url(self, name):
            return "https://%s.s3.amazonaws.com/%s" % (self.bucket, name)

        def etag(self, data):
            return hashlib.md5(data).hexdigest()

        def secret(self):
            return "«sec»"
    """)
T("decoy_before.json", "another service's 40-character secret nearer than its own", """
    {
      "github": {"client_id": "«hex_20»", "client_secret": "«hex_40»"},
      "twitter": {"consumer_key": "«an_25»", "access_token": "«an_40»"},
      "s3": {
        "key": "«id»",
        "bucket": "b",
        "secret": "«sec»"
      },
      "cloudflare": {"api_token": "«an_40»"}
    }
    """)
T("checksum_between.ini", "sha1 on the line between", "key = «id»\nsha1 = «hex_40»\nsecret = «sec»\n")
T("image_between.md", "base64 image line between", "key «id»\n\n![x](data:image/png;base64,iVBORw0KGgo«b64_400»=)\n\nsecret «sec»\n")
T("presigned_between.log", "presigned URL between", """
    access key «id»
    GET https://b.s3.amazonaws.com/o?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20240501T101112Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host&X-Amz-Signature=«hex_64»
    secret key «sec»
    """)
T("sri_between.html", "subresource hashes around", """
    <script src="https://cdn.example.com/a.js" integrity="sha384-«b64_64»" crossorigin="anonymous"></script>
    <script>var s3 = {key: "«id»", secret: "«sec»"};</script>
    <script src="https://cdn.example.com/b.js" integrity="sha384-«b64_64»" crossorigin="anonymous"></script>
    """)
T("long_line.js", "2 kB of minified code between on one line", 'var a={accessKeyId:"«id»",f:function(){return"«b64_900»"},g:"«hex_40»",h:function(b){for(var c=0;c<b.length;c++)b[c]^=c;return b},i:"«b64_900»",secretAccessKey:"«sec»"};\n')

# ---- several pairs
T("profiles.ini", "INI with four profiles", "".join(f"[p{i}]\naws_access_key_id = «id{i}»\naws_secret_access_key = «sec{i}»\nregion = us-east-1\n\n" for i in range(1, 5)))
T("profiles_dense.ini", "INI with four profiles without blank lines", "".join(f"[p{i}]\naws_access_key_id=«id{i}»\naws_secret_access_key=«sec{i}»\n" for i in range(1, 5)))
T("profiles_reversed.ini", "INI with four profiles, secret before id", "".join(f"[p{i}]\naws_secret_access_key = «sec{i}»\naws_access_key_id = «id{i}»\n" for i in range(1, 5)))
T("profiles_mixed.ini", "INI profiles in either order", """
    [a]
    aws_access_key_id = «id1»
    aws_secret_access_key = «sec1»
    [b]
    aws_secret_access_key = «sec2»
    aws_access_key_id = «id2»
    [c]
    aws_access_key_id = «id3»
    region = eu-west-1
    aws_secret_access_key = «sec3»
    """)
T("profiles_tokens.ini", "INI with a long-term and two temporary profiles", "[base]\naws_access_key_id = «akia1»\naws_secret_access_key = «sec1»\n\n" + "".join(
    f"[role{i}]\naws_access_key_id = «asia{i}»\naws_secret_access_key = «sec{i}»\naws_session_token = «tok{i}»\n\n" for i in (2, 3)))
T("profiles_orphan.ini", "INI where one profile has an id but no secret", """
    [a]
    aws_access_key_id = «lid»
    credential_process = /usr/bin/getcreds

    [b]
    aws_access_key_id = «id1»
    aws_secret_access_key = «sec1»
    """)
T("id_secret_alternating.txt", "bare ids and secrets alternating, 6 pairs", "".join(f"«id{i}»\n«sec{i}»\n" for i in range(1, 7)))
T("secret_id_alternating.txt", "bare secrets and ids alternating with blank lines", "".join(f"«sec{i}»\n«id{i}»\n\n" for i in range(1, 5)))
T("colon_list.txt", "ID:SECRET, 12 lines", "".join(f"«id{i}»:«sec{i}»\n" for i in range(1, 13)))
T("numbered_lists.env", "numbered ids, then numbered secrets", "".join(f"AWS_KEY_{i}=«id{i}»\n" for i in range(1, 5)) + "".join(f"AWS_SECRET_{i}=«sec{i}»\n" for i in range(1, 5)))
T("numbered_shuffled.env", "numbered, secrets in another order than the ids", "".join(f"AWS_KEY_{i}=«id{i}»\n" for i in (1, 2, 3, 4)) + "".join(f"AWS_SECRET_{i}=«sec{i}»\n" for i in (3, 1, 4, 2)))
T("lists.py", "list of ids, then list of secrets", "ids = [\n" + "".join(f"    '«id{i}»',\n" for i in range(1, 5)) + "]\nsecrets = [\n" + "".join(f"    '«sec{i}»',\n" for i in range(1, 5)) + "]\n")
T("lists_text.txt", "ids under a heading, then secrets under a heading", "Access keys:\n" + "".join(f"{i}. «id{i}»\n" for i in range(1, 4)) + "\nSecret keys:\n" + "".join(f"{i}. «sec{i}»\n" for i in range(1, 4)))
T("secrets_first.json", "array of secrets, then array of ids", '{"secretKeys": ["«sec1»", "«sec2»", "«sec3»"],\n "accessKeys": ["«id1»", "«id2»", "«id3»"]}\n')
T("prod_dev.env", "PROD_ and DEV_, ids first, secrets in the other order", """
    PROD_AWS_ACCESS_KEY_ID=«id1»
    DEV_AWS_ACCESS_KEY_ID=«id2»
    DEV_AWS_SECRET_ACCESS_KEY=«sec2»
    PROD_AWS_SECRET_ACCESS_KEY=«sec1»
    """)
T("suffixes.env", "_PROD, _STAGING, _DEV as suffixes, sorted by name", """
    AWS_ACCESS_KEY_ID_DEV=«id1»
    AWS_ACCESS_KEY_ID_PROD=«id2»
    AWS_ACCESS_KEY_ID_STAGING=«id3»
    AWS_SECRET_ACCESS_KEY_DEV=«sec1»
    AWS_SECRET_ACCESS_KEY_PROD=«sec2»
    AWS_SECRET_ACCESS_KEY_STAGING=«sec3»
    """)
T("sorted_env.txt", "env sorted: two services' variables interleaved", """
    BACKUP_S3_KEY=«id1»
    BACKUP_S3_SECRET=«sec1»
    GIT_SHA=«hex_40»
    MAIL_SES_SECRET=«sec2»
    MAIL_SES_USER=«id2»
    """)
T("camel_labels.js", "devKey, prodKey, prodSecret, devSecret", "const devKey = '«id1»', prodKey = '«id2»';\nconst prodSecret = '«sec2»', devSecret = '«sec1»';\n")
T("tfvars_two.tfvars", "two accounts in tfvars by prefix", 'master_access_key = "«id1»"\nmaster_secret_key = "«sec1»"\nlogs_access_key   = "«id2»"\nlogs_secret_key   = "«sec2»"\n')
T("providers.tf", "two provider blocks, the second reversed", """
    provider "aws" {
      access_key = "«id1»"
      secret_key = "«sec1»"
    }
    provider "aws" {
      alias      = "west"
      secret_key = "«sec2»"
      access_key = "«id2»"
    }
    """)
T("objects.json", "JSON array, id first", "[\n" + ",\n".join(f'  {{"accessKeyId": "«id{i}»", "secretAccessKey": "«sec{i}»"}}' for i in range(1, 5)) + "\n]\n")
T("objects_reversed.json", "JSON array, secret first", "[\n" + ",\n".join(f'  {{"secretAccessKey": "«sec{i}»", "accessKeyId": "«id{i}»"}}' for i in range(1, 5)) + "\n]\n")
T("objects_mixed.json", "JSON array pretty-printed, either order in turn", "[\n" + ",\n".join(
    f'  {{\n    "name": "a{i}",\n' + (f'    "id": "«id{i}»",\n    "secret": "«sec{i}»"' if i % 2 else f'    "secret": "«sec{i}»",\n    "id": "«id{i}»"') + "\n  }" for i in range(1, 6)) + "\n]\n")
T("objects_min.json", "minified JSON, 5 pairs on one line, secret first", "[" + ",".join(f'{{"s":"«sec{i}»","etag":"«hex_32»","k":"«id{i}»"}}' for i in range(1, 6)) + "]")
T("pairs_min.js", "minified JavaScript, 5 pairs on one line", "var k=[" + ",".join(f'["«id{i}»","«sec{i}»"]' for i in range(1, 6)) + "];\n")
T("map.json", "object id -> secret", "{" + ", ".join(f'"«id{i}»": "«sec{i}»"' for i in range(1, 5)) + "}\n")
T("list.yaml", "YAML list", "accounts:\n" + "".join(f"  - name: acc{i}\n    access_key: «id{i}»\n    secret_key: «sec{i}»\n" for i in range(1, 5)))
T("list_reversed.yaml", "YAML list, secret first", "accounts:\n" + "".join(f"  - secret_key: «sec{i}»\n    access_key: «id{i}»\n" for i in range(1, 5)))
T("records.xml", "XML records", "<keys>\n" + "".join(f"  <key><name>k{i}</name><id>«id{i}»</id><secret>«sec{i}»</secret></key>\n" for i in range(1, 5)) + "</keys>\n")
T("records_reversed.xml", "XML records with attributes, secret first", "<keys>\n" + "".join(f'  <account secret="«sec{i}»" sha="«hex_40»" id="«id{i}»"/>\n' for i in range(1, 5)) + "</keys>\n")
rows = range(1, 21)
T("twenty.csv", "CSV of 20 rows with header and a column of 40-character hex", "user,access_key,secret_key,last_commit\n" + "".join(f"user{i},«id{i}»,«sec{i}»,«hex_40»\n" for i in rows))
T("twenty_bare.csv", "CSV of 20 rows without header", "".join(f"«id{i}»,«sec{i}»\n" for i in rows))
T("twenty_reversed.csv", "CSV of 20 rows, secret first, hex between", "sha1,secret,uuid,id\n" + "".join(f"«hex_40»,«sec{i}»,«uuid»,«id{i}»\n" for i in rows))
T("twenty_quoted.csv", "CSV of 20 quoted rows without header, hex before", "".join(f'"«hex_40»";"«id{i}»";"«sec{i}»"\r\n' for i in rows))
T("table_many.md", "Markdown table, 5 rows, secret first", "| # | Secret | Key | SHA |\n|---|---|---|---|\n" + "".join(f"| {i} | «sec{i}» | «id{i}» | «hex_40» |\n" for i in range(1, 6)))
T("table_columns.md", "Markdown table, one column an environment", """
    | | dev | prod |
    |---|---|---|
    | Access key | «id1» | «id2» |
    | Secret key | «sec1» | «sec2» |
    """)
T("table_many.html", "HTML table, 4 rows", "<table>\n<tr><th>Key</th><th>Secret</th></tr>\n" + "".join(f"<tr>\n  <td>«id{i}»</td>\n  <td>«sec{i}»</td>\n</tr>\n" for i in range(1, 5)) + "</table>\n")
BAR = "+------+----------------------+------------------------------------------+\n"
T("table_ascii.txt", "ASCII table of mysql, 4 rows", BAR + "| name | access_key           | secret_key                               |\n" + BAR + "".join(f"| n{i}   | «id{i}» | «sec{i}» |\n" for i in range(1, 5)) + BAR)
T("table_psql.txt", "psql table, 3 rows", "  name  |      access_key      |                secret_key                \n--------+----------------------+------------------------------------------\n" + "".join(f" acc{i}   | «id{i}» | «sec{i}»\n" for i in range(1, 4)) + "(3 rows)\n")
T("inserts.sql", "SQL inserts, 5 statements", "".join(f"INSERT INTO aws_keys (id, access_key, secret_key, sha) VALUES ({i}, '«id{i}»', '«sec{i}»', '«hex_40»');\n" for i in range(1, 6)))
T("insert_many.sql", "SQL insert of 5 rows on one line, secret first", "INSERT INTO `k` VALUES " + ",".join(f"({i},'«sec{i}»','«id{i}»','2024-01-0{i}')" for i in range(1, 6)) + ";\n")
T("calls.java", "five constructors one below the other", "".join(f'        clients.add(new AmazonS3Client(new BasicAWSCredentials("«id{i}»", "«sec{i}»")));\n' for i in range(1, 6)))
T("history_many.sh", "three exports one after another in a history", "".join(f"export AWS_ACCESS_KEY_ID=«id{i}»\nexport AWS_SECRET_ACCESS_KEY=«sec{i}»\naws s3 ls\n" for i in range(1, 4)))
T("commented_old.env", "the old pair commented out above the new one", """
    #AWS_ACCESS_KEY_ID=«id1»
    #AWS_SECRET_ACCESS_KEY=«sec1»
    AWS_ACCESS_KEY_ID=«id2»
    AWS_SECRET_ACCESS_KEY=«sec2»
    """)
T("commented_each.env", "old values commented out line by line", """
    # AWS_ACCESS_KEY_ID=«id1»
    AWS_ACCESS_KEY_ID=«id2»
    # AWS_SECRET_ACCESS_KEY=«sec1»
    AWS_SECRET_ACCESS_KEY=«sec2»
    """)
T("multi_compose.yml", "three services in compose", "services:\n" + "".join(f"  s{i}:\n    image: img:«hex_12»\n    environment:\n      - S3_KEY=«id{i}»\n      - S3_SECRET=«sec{i}»\n" for i in range(1, 4)))
T("rclone_many.conf", "rclone with three remotes, one of them not S3", """
    [media]
    type = s3
    access_key_id = «id1»
    secret_access_key = «sec1»

    [b2]
    type = b2
    account = «hex_12»
    key = K00«an_28»

    [backup]
    type = s3
    secret_access_key = «sec2»
    access_key_id = «id2»
    """)
T("sessions.json", "three assume-role answers in a log", "".join(f'{{"Credentials":{{"AccessKeyId":"«asia{i}»","SecretAccessKey":"«sec{i}»","SessionToken":"«tok{i}»"}}}}\n' for i in range(1, 4)))
T("same_twice.yml", "one pair used twice in a file", """
    build:
      environment: {AWS_ACCESS_KEY_ID: «id», AWS_SECRET_ACCESS_KEY: «sec»}
    test:
      environment: {AWS_ACCESS_KEY_ID: «id», AWS_SECRET_ACCESS_KEY: «sec»}
    """)
T("hadoop_two.xml", "per-bucket Hadoop keys out of order", "".join(
    f"<property><name>fs.s3a.bucket.{b}.{k}.key</name><value>«{v}»</value></property>\n"
    for b, k, v in (("a", "access", "id1"), ("b", "access", "id2"), ("b", "secret", "sec2"), ("a", "secret", "sec1"))))
T("chat_two.txt", "chat: two people each send a pair", """
    bob: dev key «id1» secret «sec1»
    amy: and for prod
    amy: «id2»
    amy: «sec2»
    """)


@form("deep.json", "nested objects, five tenants, ids and secrets at different depth")
def deep(c):
    return json.dumps({"tenants": [{"name": f"t{i}", "storage": {"credentials": {"accessKeyId": p.id}, "revision": c.hex(), "vault": {"secretAccessKey": p.sec}}}
                                   for i, p in enumerate(c.some(5))]}, indent=2)
