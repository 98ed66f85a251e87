#!/usr/bin/env python3
"""Forms in which keys stand in public repositories, written anew.

    make.py --seed N OUT     one file per form, and OUT/expected.json

Every value is random and made at run time. In a template
  I1 S1 T1      id, secret, session token of pair 1 (an id with a token is ASIA, as are those named in asia=)
  L1            an id that has no secret here (LA1: ASIA)
  S1|pct ...    encoded: pct pctl js uni html b64 qp; S1:0:20 a slice
  hexN alnN rndN lowN upN digN uuid    random strings of N characters; #name after it: the same one again
  ⟦b64|...⟧     the text inside, encoded, after the slots are filled (b64, pct, json, gone: nothing)
A pair is expected for every number that stands with both I and S, unless pairs= says otherwise.
"""
import argparse, base64, hashlib, json, os, random, re, string, sys, urllib.parse

FORMS = []
AL = string.ascii_letters + string.digits
B32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def F(name, form, text, asia="", plain="", nosl="", pairs=None, post=None, silent=False):
    FORMS.append(dict(name=name, form=form, text=text, asia=asia, plain=plain, nosl=nosl,
                      pairs=pairs, post=post, silent=silent))


def Q(name, form, text, **kw):
    F(name, form, text, silent=True, **kw)


class Filler:
    def __init__(self, rng, f):
        self.r, self.f, self.memo = rng, f, {}

    def pick(self, chars, n):
        return "".join(self.r.choice(chars) for _ in range(n))

    def make_id(self, temp):
        return ("ASIA" if temp else "AKIA") + self.pick(B32, 16)

    def make_secret(self, num):
        if num in self.f["plain"]:
            return self.pick(AL, 40)
        chars, edge = (AL + "+", "+") if num in self.f["nosl"] else (AL + "+/", "+/")
        s = self.pick(chars, 40)
        k = self.r.random()
        if k < 0.15:
            s = self.r.choice(edge) + s[1:]
        elif k < 0.30:
            s = s[:-1] + self.r.choice(edge)
        if re.search(r"«S%s\|(?!b64)" % num, self.f["text"]):     # an encoding must have something to encode
            s = s[:11] + "/" + s[12:23] + "+" + s[24:]
        return s

    def make_token(self):
        head = self.r.choice(["IQoJb3JpZ2luX2Vj", "FwoGZXIvYXdz", "FQoGZXIvYXdz"])
        n = self.r.choice([180, 264, 348, 472])
        return head + self.pick(AL + "+/", n - len(head) - 1) + "="

    def base(self, key):
        if key in self.memo and not re.fullmatch(r"[a-z]+\d*", key):
            return self.memo[key]
        m = re.fullmatch(r"(I|S|T|L|LA)(\d+)", key)
        if m:
            k, num = m.groups()
            if k == "I":
                v = self.make_id(num in self.f["asia"] or "«T%s" % num in self.f["text"])
            elif k == "S":
                v = self.make_secret(num)
            elif k == "T":
                v = self.make_token()
            else:
                v = self.make_id(k == "LA")
            self.memo[key] = v
            return v
        m = re.fullmatch(r"(hex|aln|rnd|low|up|dig|b64u)(\d+)(#\w+)?|(uuid)(#\w+)?", key)
        if not m:
            raise SystemExit("bad slot %r in %s" % (key, self.f["name"]))
        if m.group(4):
            h = self.pick("0123456789abcdef", 32)
            v = "-".join((h[:8], h[8:12], h[12:16], h[16:20], h[20:]))
        else:
            chars = {"hex": "0123456789abcdef", "aln": AL, "rnd": AL + "+/", "low": string.ascii_lowercase + string.digits,
                     "up": string.ascii_uppercase + string.digits, "dig": "123456789", "b64u": AL + "-_"}[m.group(1)]
            v = self.pick(chars, int(m.group(2)))
        self.memo[key] = v
        return v

    def slot(self, m):
        body, _, enc = m.group(1).partition("|")
        key, *sl = body.split(":")
        v = self.base(key)
        if sl:
            a, b = (sl + [""])[:2]
            v = v[int(a) if a else None:int(b) if b else None]
        return encode(enc, v) if enc else v

    def fill(self):
        t = re.sub("«([^»]+)»", self.slot, self.f["text"])
        while "⟦" in t:
            t = re.sub("⟦(\\w+)\\|([^⟦⟧]*)⟧", lambda m: encode(m.group(1), m.group(2)), t)
        return t


def encode(enc, v):
    if enc == "pct":
        return urllib.parse.quote(v, safe="")
    if enc == "pctl":
        return v.replace("/", "%2f").replace("+", "%2b")
    if enc == "js":
        return v.replace("/", "\\/")
    if enc == "uni":
        return v.replace("/", "\\u002f").replace("+", "\\u002b")
    if enc == "html":
        return v.replace("/", "&#x2F;").replace("+", "&#43;")
    if enc == "qp":
        return v.replace("=", "=3D").replace("/", "=2F")
    if enc == "b64":
        return base64.b64encode(v.encode()).decode()
    if enc == "json":
        return json.dumps(v)[1:-1]
    if enc == "gone":
        return ""
    raise SystemExit("bad encoding " + enc)


def sha(s):
    return hashlib.sha256(s.encode()).hexdigest()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("out")
    a = ap.parse_args()
    os.makedirs(a.out, exist_ok=True)
    names = [f["name"] for f in FORMS]
    dup = {n for n in names if names.count(n) > 1}
    if dup:
        raise SystemExit("names used twice: %s" % sorted(dup))
    expected, npairs, nsilent = {}, 0, 0
    for f in FORMS:
        fl = Filler(random.Random("%d/%s" % (a.seed, f["name"])), f)
        text = fl.fill().lstrip("\n")
        nums = f["pairs"]
        if nums is None:
            nums = [k[1:] for k in fl.memo if re.fullmatch(r"I\d+", k) and "S" + k[1:] in fl.memo]
        pairs = [[fl.memo["I" + n], sha(fl.memo["S" + n]),
                  sha(fl.memo["T" + n]) if "T" + n in fl.memo else None] for n in nums]
        if f["silent"] != (not pairs):
            raise SystemExit("%s: silence and pairs disagree" % f["name"])
        expected[f["name"]] = {"form": f["form"], "pairs": pairs}
        npairs += len(pairs)
        nsilent += f["silent"]
        data = f["post"](text) if f["post"] else text.encode()
        with open(os.path.join(a.out, f["name"]), "wb") as fh:
            fh.write(data)
    with open(os.path.join(a.out, "expected.json"), "w") as fh:
        json.dump(expected, fh, indent=1, sort_keys=True)
    print("%d forms with %d pairs, %d silence forms" % (len(FORMS) - nsilent, npairs, nsilent))


# ---------------------------------------------------------------- Python
F("upload_assets.py", "boto3 client keyword arguments", '''
import boto3, sys

client = boto3.client(
    "s3",
    region_name="eu-west-3",
    aws_access_key_id="«I1»",
    aws_secret_access_key="«S1»",
)
for p in sys.argv[1:]:
    client.upload_file(p, "static-orchard", p)
''')
F("nightly_dump.py", "boto S3Connection positional", '''
from boto.s3.connection import S3Connection
from boto.s3.key import Key

conn = S3Connection('«I1»', '«S1»')
b = conn.get_bucket('nightly-dumps', validate=False)
k = Key(b)
k.key = 'dump.sql.gz'
k.set_contents_from_filename('/tmp/dump.sql.gz')
''')
F("legacy_thumbs.py", "boto.connect_s3 positional, inside a call chain", '''
import boto
def save(name, data):
    bucket = boto.connect_s3("«I1»","«S1»").get_bucket("thumbs-eu")
    bucket.new_key(name).set_contents_from_string(data)
''')
F("spin_up.py", "boto.ec2 keyword arguments on continued lines", '''
import boto.ec2
conn = boto.ec2.connect_to_region('us-west-1', aws_access_key_id='«I1»',
                                  aws_secret_access_key='«S1»')
r = conn.run_instances('ami-«hex8»', key_name='ops', instance_type='t1.micro',
                       security_group_ids=['sg-«hex8»'])
print r.instances[0].id
''')
F("consts_bucket.py", "module constants, secret after bucket and region", '''
AWS_ACCESS_KEY = '«I1»'
BUCKET = 'receipts-scan'
REGION = 'ap-south-1'
AWS_SECRET_KEY = '«S1»'
FOLDER = 'in/2019/'
''')
F("django_settings.py", "Django settings with other services' keys around", '''
import os
BASE_DIR = os.path.dirname(os.path.dirname(__file__))
SECRET_KEY = '«aln30»!k&z(«low12»'
DEBUG = False

SOCIAL_AUTH_GITHUB_KEY = '«hex20»'
SOCIAL_AUTH_GITHUB_SECRET = '«hex40»'
SOCIAL_AUTH_TWITTER_SECRET = '«aln50»'
STRIPE_SECRET_KEY = 'sk_test_«aln24»'

DEFAULT_FILE_STORAGE = 'storages.backends.s3boto.S3BotoStorage'
AWS_STORAGE_BUCKET_NAME = 'orchard-media'
AWS_ACCESS_KEY_ID = '«I1»'
AWS_SECRET_ACCESS_KEY = '«S1»'
AWS_QUERYSTRING_AUTH = False

MAILGUN_ACCESS_KEY = 'key-«hex32»'
DROPBOX_OAUTH2_TOKEN = '«aln64»'
''')
F("envs_dict.py", "dev and prod dictionaries", '''
CONFIG = {
    'dev': {
        'db': 'sqlite://',
        'aws': {'access_key': '«I1»', 'secret_key': '«S1»', 'bucket': 'dev-bkt'},
    },
    'prod': {
        'db': 'postgres://app:pw@db/app',
        'aws': {'access_key': '«I2»', 'secret_key': '«S2»', 'bucket': 'prod-bkt'},
    },
}
''')
F("environ_set.py", "os.environ assignments", '''
import os
os.environ['AWS_ACCESS_KEY_ID'] = '«I1»'
os.environ["AWS_SECRET_ACCESS_KEY"] = "«S1»"
os.environ['AWS_DEFAULT_REGION'] = 'us-east-2'
os.environ['WANDB_API_KEY'] = '«hex40»'
import train
''')
F("session_temp.py", "boto3 Session with token", '''
import boto3
session = boto3.Session(
    aws_access_key_id='«I1»',
    aws_secret_access_key='«S1»',
    aws_session_token='«T1»',
)
print(session.client('sts').get_caller_identity())
''')
F("botocore_raw.py", "botocore set_credentials positional", '''
from botocore.session import get_session
s = get_session()
s.set_credentials("«I1»", "«S1»")
logs = s.create_client("logs", region_name="eu-north-1")
''')
F("s3fs_open.py", "s3fs key= and secret=", '''
import s3fs, json
fs = s3fs.S3FileSystem(anon=False, key='«I1»', secret='«S1»')
with fs.open('lake-raw/events/2020-01-01.json') as fh:
    rows = [json.loads(x) for x in fh]
''')
F("read_pq.py", "pandas storage_options dictionary", '''
import pandas as pd
opts = {
  "key": "«I1»",
  "secret": "«S1»",
  "client_kwargs": {"endpoint_url": "https://s3.eu-central-1.amazonaws.com"},
}
df = pd.read_parquet("s3://lake-raw/x.parquet", storage_options=opts)
''')
F("flask_config.py", "configuration classes with different keys", '''
class Config(object):
    SECRET_KEY = '«hex48»'
    GITHUB_CLIENT_ID = '«hex20»'
    GITHUB_CLIENT_SECRET = '«hex40»'

class Staging(Config):
    S3_KEY = '«I1»'
    S3_SECRET = '«S1»'
    S3_BUCKET = 'stage-uploads'

class Production(Config):
    S3_KEY = '«I2»'
    S3_SECRET = '«S2»'
    S3_BUCKET = 'prod-uploads'
''')
F("airflow_conn.py", "Airflow Connection(login=, password=)", '''
from airflow.models import Connection
from airflow import settings
c = Connection(
    conn_id='aws_default',
    conn_type='aws',
    login='«I1»',
    password='«S1»',
    extra='{"region_name": "us-west-2"}',
)
settings.Session().add(c)
''')
F("test_signing.py", "pytest parametrize table", '''
import pytest
from app.sign import sign

@pytest.mark.parametrize("key_id,secret,expected", [
    ("«I1»", "«S1»", "«hex64»"),
    ("«I2»", "«S2»", "«hex64»"),
])
def test_sign(key_id, secret, expected):
    assert sign(key_id, secret, b"hello") == expected
''')
F("accounts_list.py", "label-less tuples", '''
ACCOUNTS = [
    ("billing",  "«I1»", "«S1»", "us-east-1"),
    ("research", "«I2»", "«S2»", "us-west-2"),
    ("archive",  "«I3»", "«S3»", "eu-west-1"),
]
''')
F("branching.py", "if/else branches", '''
def credentials(live):
    if live:
        key = "«I1»"
        secret = "«S1»"
    else:
        key = "«I2»"
        secret = "«S2»"
    return key, secret
''')
F("mock_sts.py", "assume_role reply as Python dictionary", '''
FAKE = {
    'Credentials': {
        'AccessKeyId': '«I1»',
        'SecretAccessKey': '«S1»',
        'SessionToken': '«T1»',
        'Expiration': datetime.datetime(2021, 3, 4, 5, 6, 7, tzinfo=tzutc()),
    },
    'AssumedRoleUser': {'AssumedRoleId': 'AROA«up17»:ci', 'Arn': 'arn:aws:sts::«dig12»:assumed-role/ci/ci'},
}
''')
F("cli_defaults.py", "argparse defaults", '''
p = argparse.ArgumentParser()
p.add_argument('--bucket', default='weather-grib')
p.add_argument('--aws-key', default='«I1»', help='AWS key id')
p.add_argument('--aws-secret', default='«S1»', help='AWS secret')
p.add_argument('--jobs', type=int, default=4)
args = p.parse_args()
''')
F("spark_job.py", "SparkSession .config chain", r'''
spark = (SparkSession.builder.appName("clicks")
    .config("spark.sql.shuffle.partitions", "64")
    .config("spark.hadoop.fs.s3a.access.key", "«I1»")
    .config("spark.hadoop.fs.s3a.secret.key", "«S1»")
    .config("spark.hadoop.fs.s3a.endpoint", "s3.amazonaws.com")
    .getOrCreate())
''')
F("hadoop_set.py", "hadoopConfiguration().set, s3n names", '''
hc = sc._jsc.hadoopConfiguration()
hc.set("fs.s3n.impl", "org.apache.hadoop.fs.s3native.NativeS3FileSystem")
hc.set("fs.s3n.awsAccessKeyId", "«I1»")
hc.set("fs.s3n.awsSecretAccessKey", "«S1»")
rdd = sc.textFile("s3n://crawl-seg/part-*")
''')
F("duck_load.py", "DuckDB SET statements in Python strings", '''
import duckdb
con = duckdb.connect()
con.execute("INSTALL httpfs; LOAD httpfs;")
con.execute("SET s3_region='eu-central-1'")
con.execute("SET s3_access_key_id='«I1»'")
con.execute("SET s3_secret_access_key='«S1»'")
''')
F("nt_creds.py", "named tuple, positional", '''
from collections import namedtuple
Cred = namedtuple('Cred', 'user key secret')
PRIMARY = Cred('deploy-bot', '«I1»', '«S1»')
FALLBACK = Cred('deploy-bot-2', '«I2»', '«S2»')
''')
F("old_and_new.py", "commented-out old key beside the new one", '''
# AWS_ACCESS_KEY_ID = "«I1»"
# AWS_SECRET_ACCESS_KEY = "«S1»"
AWS_ACCESS_KEY_ID = "«I2»"
AWS_SECRET_ACCESS_KEY = "«S2»"
''')
F("libcloud_nodes.py", "libcloud driver positional", '''
from libcloud.compute.types import Provider
from libcloud.compute.providers import get_driver
EC2 = get_driver(Provider.EC2_US_EAST)
driver = EC2('«I1»', '«S1»')
nodes = driver.list_nodes()
''')
F("aio_queue.py", "secret before id, region between", '''
async with session.create_client(
        'sqs',
        aws_secret_access_key='«S1»',
        region_name='us-east-1',
        aws_access_key_id='«I1»') as client:
    await client.receive_message(QueueUrl=URL)
''')
F("athena_engine.py", "SQLAlchemy Athena URL, percent-encoded", '''
from sqlalchemy import create_engine
engine = create_engine(
    "awsathena+rest://«I1»:«S1|pct»@athena.us-east-1.amazonaws.com:443/web?s3_staging_dir=s3%3A%2F%2Fathena-out%2F")
''')
F("celery_conf.py", "Celery SQS broker URL, percent-encoded", '''
BROKER_URL = 'sqs://«I1»:«S1|pct»@'
BROKER_TRANSPORT_OPTIONS = {'region': 'eu-west-1', 'visibility_timeout': 3600}
CELERY_RESULT_BACKEND = 'redis://:«aln20»@cache:6379/1'
''')
F("es_auth.py", "AWS4Auth positional", '''
from requests_aws4auth import AWS4Auth
from elasticsearch import Elasticsearch, RequestsHttpConnection
awsauth = AWS4Auth('«I1»', '«S1»', 'us-east-1', 'es')
es = Elasticsearch(hosts=[{'host': 'search-x-«low26».us-east-1.es.amazonaws.com', 'port': 443}],
                   http_auth=awsauth, use_ssl=True, connection_class=RequestsHttpConnection)
''')
F("tiny.py", "tinys3 positional secret, tls flag", '''
import tinys3
conn = tinys3.Connection('«I1»','«S1»',tls=True,endpoint='s3-eu-west-1.amazonaws.com')
conn.upload('pic.jpg', open('pic.jpg','rb'), 'cats')
''')
F("two_services.py", "two AWS services, each with its own key", '''
SES = {
    "id": "«I1»",
    "secret": "«S1»",
    "sender": "noreply@orchard.test",
}
ROUTE53 = {
    "id": "«I2»",
    "secret": "«S2»",
    "zone": "Z«up13»",
}
''')
F("kwargs_short.py", "abbreviated names ak and sk", '''
ak = "«I1»"
sk = "«S1»"
s3 = boto3.resource("s3", aws_access_key_id=ak, aws_secret_access_key=sk)
''')
F("concat_secret.py", "secret in two literals joined by implicit concatenation", '''
KEY_ID = "«I1»"
SECRET_KEY = ("«S1:0:20»"
              "«S1:20:»")
''')
F("scrapy_settings.py", "Scrapy settings, feed before keys", '''
BOT_NAME = 'listings'
FEED_URI = 's3://listings-out/%(name)s/%(time)s.csv'
FEED_FORMAT = 'csv'
AWS_ACCESS_KEY_ID = "«I1»"
AWS_SECRET_ACCESS_KEY = "«S1»"
CRAWLERA_APIKEY = '«hex32»'
''')
F("getenv_default.py", "os.getenv with literal fall-backs", '''
AWS_KEY = os.getenv("AWS_ACCESS_KEY_ID", "«I1»")
AWS_SECRET = os.getenv("AWS_SECRET_ACCESS_KEY", "«S1»")
SENTRY = os.getenv("SENTRY_DSN", "https://«hex32»@sentry.io/1234")
''')
F("docstring_creds.py", "docstring note in prose", '''
"""Uploader.

The machine user is 'pusher'. Access Key ID: «I1»
Secret Access Key: «S1»
(ask Ines before rotating)
"""
import boto3
''')

# ---------------------------------------------------------------- JavaScript, TypeScript, HTML
F("uploads.js", "AWS.config.update, single quotes", '''
const AWS = require('aws-sdk');
AWS.config.update({ accessKeyId: '«I1»', secretAccessKey: '«S1»', region: 'eu-west-1' });
const s3 = new AWS.S3();
module.exports = (k, b) => s3.putObject({ Bucket: 'pix', Key: k, Body: b }).promise();
''')
F("s3client.ts", "SDK v3 nested credentials", '''
import { S3Client } from "@aws-sdk/client-s3";
export const s3 = new S3Client({
  region: "us-east-1",
  credentials: {
    accessKeyId: "«I1»",
    secretAccessKey: "«S1»",
  },
});
''')
F("creds_ctor.js", "new AWS.Credentials positional with token", '''
var creds = new AWS.Credentials('«I1»', '«S1»', '«T1»');
var ddb = new AWS.DynamoDB({ region: 'us-west-2', credentials: creds });
''')
F("environment.prod.ts", "Angular environment file", '''
export const environment = {
  production: true,
  firebase: { apiKey: 'AIza«b64u35»', projectId: 'orchard-1' },
  awsRegion: 'us-east-1',
  awsAccessKeyId: '«I1»',
  awsSecretAccessKey: '«S1»',
  mapboxToken: 'pk.«aln60».«aln22»',
};
''')
F("PhotoScreen.jsx", "React Native RNS3 options", '''
const options = {
  keyPrefix: "avatars/",
  bucket: "rn-avatars",
  region: "us-east-1",
  accessKey: "«I1»",
  secretKey: "«S1»",
  successActionStatus: 201
}
RNS3.put(file, options).then(r => setUrl(r.body.postResponse.location));
''')
F("shorthand.mjs", "constants and object shorthand", '''
const accessKeyId = '«I1»'
const region = 'sa-east-1'
const secretAccessKey = '«S1»'

export const sqs = new SQS({ region, accessKeyId, secretAccessKey })
''')
F("knox_app.js", "knox createClient key/secret", '''
var client = require('knox').createClient({
    key: '«I1»'
  , secret: '«S1»'
  , bucket: 'learnboost-copy'
});
''')
F("mailer.js", "nodemailer SES transport", '''
var transport = nodemailer.createTransport("SES", {
    AWSAccessKeyID: "«I1»",
    AWSSecretKey: "«S1»",
    ServiceUrl: "https://email.us-east-1.amazonaws.com"
});
''')
F("webpack.deploy.js", "webpack S3Plugin s3Options", '''
new S3Plugin({
  exclude: /.*\\.html$/,
  s3Options: {
    accessKeyId: "«I1»",
    secretAccessKey: "«S1»",
    region: "us-west-1"
  },
  s3UploadOptions: { Bucket: "cdn-front" }
})
''')
F("gruntfile_aws.js", "Grunt options, staging and production targets", '''
aws_s3: {
  staging: {
    options: { bucket: 'st-site', accessKeyId: '«I1»', secretAccessKey: '«S1»' },
    files: [{ expand: true, cwd: 'dist/', src: ['**'], dest: '' }]
  },
  production: {
    options: { bucket: 'www-site', accessKeyId: '«I2»', secretAccessKey: '«S2»' },
    files: [{ expand: true, cwd: 'dist/', src: ['**'], dest: '' }]
  }
}
''')
F("fallback_env.js", "process.env.X || literal", '''
module.exports = {
  port: process.env.PORT || 3000,
  awsKey: process.env.AWS_KEY || '«I1»',
  awsSecret: process.env.AWS_SECRET || '«S1»',
  twilioSid: process.env.TWILIO_SID || 'AC«hex32»',
  twilioToken: process.env.TWILIO_TOKEN || '«hex32»',
};
''')
F("policy_form.js", "id repeated in a trailing comment", '''
var AWS_ACCESS_KEY = "«I1»"; // process.env.AWS_ACCESS_KEY; «I1»
var AWS_SECRET_KEY = "«S1»"; // process.env.AWS_SECRET_KEY
var doc = new Buffer(JSON.stringify(policy)).toString('base64');
var sig = crypto.createHmac('sha1', AWS_SECRET_KEY).update(doc).digest('base64');
''')
F("signer.test.js", "jest it.each rows", '''
describe.each([
  ['«I1»', '«S1»', 'us-east-1'],
  ['«I2»', '«S2»', 'eu-west-1'],
])('signer %s', (id, secret, region) => {
  it('signs', () => expect(sign({ id, secret, region })).toMatchSnapshot());
});
''')
F("slingshot_server.js", "Meteor settings in options with comment lines", '''
Slingshot.createDirective("myFileUploads", Slingshot.S3Storage, {
  bucket: "meteor-up",
  acl: "public-read",
  AWSAccessKeyId: "«I1»",   // user: meteor-uploader
  AWSSecretAccessKey: "«S1»",
  authorize: function () { return !!this.userId; }
});
''')
F("uploader.html", "inline script in HTML, quoted property names", '''
<html><head><script src="https://sdk.amazonaws.com/js/aws-sdk-2.283.1.min.js"></script></head>
<body><input type="file" id="f"><script>
  AWS.config.region = 'us-east-1';
  AWS.config.update({
    "accessKeyId": "«I1»",
    "secretAccessKey": "«S1»",
    "region": "us-east-1"
  });
</script></body></html>
''')
F("keys_enum.ts", "TypeScript enum members", '''
export enum Keys {
  MapsKey = 'AIza«b64u35»',
  AwsKeyId = '«I1»',
  AwsSecret = '«S1»',
  AlgoliaAdmin = '«hex32»',
}
''')
F("next.config.js", "next.config env map, quoted upper-case names", '''
module.exports = {
  reactStrictMode: true,
  env: {
    'AWS_KEY_ID': '«I1»',
    'AWS_SECRET': '«S1»',
    'GITHUB_CLIENT_SECRET': '«hex40»',
  },
}
''')
F("minio_new.js", "minio JavaScript client, camel case", '''
const mc = new Minio.Client({
  endPoint: 's3.amazonaws.com', port: 443, useSSL: true,
  accessKey: '«I1»',
  secretKey: '«S1»'
})
''')
F("alexa_skill.coffee", "CoffeeScript without braces", '''
AWS = require 'aws-sdk'
AWS.config.update
  accessKeyId: '«I1»'
  secretAccessKey: '«S1»'
  region: 'us-east-1'
''')
F("array_args.js", "array of arguments, no labels", '''
exports.s3 = ['«I1»', '«S1»', 'photo-share'];
exports.mongo = 'mongodb://app:«aln16»@ds1.mlab.com:27017/app';
''')
F("cordova_index.js", "two statements on one line, minified", '''
var b="zp-uploads",k="«I1»",s="«S1»",p=window.btoa(JSON.stringify(pol));function up(f){var d=new FormData;d.append("AWSAccessKeyId",k);d.append("file",f)}
''')
F("template_literal.js", "template literals with interpolation around", '''
const cmd = `AWS_ACCESS_KEY_ID=«I1» AWS_SECRET_ACCESS_KEY=«S1» aws s3 sync ${dir} s3://${bucket}`;
require('child_process').execSync(cmd);
''')

# ---------------------------------------------------------------- Go
F("session.go", "NewStaticCredentials with empty token", '''
sess, err := session.NewSession(&aws.Config{
	Region:      aws.String("ap-southeast-2"),
	Credentials: credentials.NewStaticCredentials("«I1»", "«S1»", ""),
})
''')
F("provider_v2.go", "NewStaticCredentialsProvider, one argument a line", '''
cfg, err := config.LoadDefaultConfig(ctx,
	config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(
		"«I1»",
		"«S1»",
		"",
	)),
	config.WithRegion("us-east-1"),
)
''')
F("value_struct.go", "credentials.Value struct literal with token", '''
var v = credentials.Value{
	AccessKeyID:     "«I1»",
	SecretAccessKey: "«S1»",
	SessionToken:    "«T1»",
	ProviderName:    "static",
}
''')
F("consts.go", "const block, aligned", '''
const (
	bucket       = "vm-images"
	awsAccessKey = "«I1»"
	awsSecretKey = "«S1»"
	slackHook    = "https://hooks.slack.com/services/T«up8»/B«up8»/«aln24»"
)
''')
F("sign_test.go", "table of anonymous structs", '''
var cases = []struct {
	name, id, secret, want string
}{
	{"simple", "«I1»", "«S1»", "«hex64»"},
	{"utf8", "«I2»", "«S2»", "«hex64»"},
}
''')
F("goamz.go", "goamz aws.Auth positional", '''
auth := aws.Auth{"«I1»", "«S1»", ""}
b := s3.New(auth, aws.USEast).Bucket("go-pkgs")
''')
F("minio_put.go", "minio.New endpoint, id, secret, flag", '''
mc, err := minio.New("s3.amazonaws.com", "«I1»", "«S1»", true)
if err != nil {
	log.Fatalln(err)
}
''')
F("minio7.go", "NewStaticV4 inside options", '''
mc, err := minio.New(endpoint, &minio.Options{
	Creds:  credentials.NewStaticV4("«I1»", "«S1»", ""),
	Secure: true,
})
''')
F("env_map.go", "map[string]string in a test", '''
env := map[string]string{
	"AWS_ACCESS_KEY_ID":     "«I1»",
	"AWS_REGION":            "us-east-1",
	"AWS_SECRET_ACCESS_KEY": "«S1»",
	"CI_COMMIT":             "«hex40»",
}
''')
F("setenv.go", "os.Setenv calls, secret first", '''
os.Setenv("AWS_SECRET_ACCESS_KEY", "«S1»")
os.Setenv("AWS_ACCESS_KEY_ID", "«I1»")
defer os.Clearenv()
''')

# ---------------------------------------------------------------- JVM
F("Uploader.java", "BasicAWSCredentials positional", '''
public class Uploader {
  private final AmazonS3 s3 = new AmazonS3Client(new BasicAWSCredentials("«I1»", "«S1»"));
  void put(String k, File f) { s3.putObject("jar-drop", k, f); }
}
''')
F("Clients.java", "static final fields, then a constructor that uses them", '''
    private static final String S3_BUCKET = "tenant-docs";
    private static final String ACCESS_KEY = "«I1»";
    private static final String SECRET_KEY = "«S1»";

    static AmazonS3 client() {
        AWSCredentials c = new BasicAWSCredentials(ACCESS_KEY, SECRET_KEY);
        return AmazonS3ClientBuilder.standard().withCredentials(new AWSStaticCredentialsProvider(c)).build();
    }
''')
F("SessionDemo.java", "BasicSessionCredentials with token", '''
        BasicSessionCredentials c = new BasicSessionCredentials(
            "«I1»",
            "«S1»",
            "«T1»");
''')
F("V2Client.java", "AwsBasicCredentials.create in a builder", '''
S3Client s3 = S3Client.builder().region(Region.EU_WEST_1)
    .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("«I1»", "«S1»")))
    .build();
''')
F("SysProps.java", "System.setProperty aws.accessKeyId, aws.secretKey", '''
    @BeforeClass
    public static void before() {
        System.setProperty("aws.accessKeyId", "«I1»");
        System.setProperty("aws.secretKey", "«S1»");
        System.setProperty("sqlite4java.library.path", "native-libs");
    }
''')
F("AnonProvider.java", "anonymous AWSCredentials with two getters", '''
    AWSCredentials creds = new AWSCredentials() {
        @Override
        public String getAWSAccessKeyId() {
            return "«I1»";
        }

        @Override
        public String getAWSSecretKey() {
            return "«S1»";
        }
    };
''')
F("ValueDefaults.java", "Spring @Value with defaults", '''
    @Value("${amazon.aws.accesskey:«I1»}")
    private String accessKey;

    @Value("${amazon.aws.secretkey:«S1»}")
    private String secretKey;
''')
F("Storage.kt", "Kotlin const val in an object", '''
object Storage {
    const val BUCKET = "kt-uploads"
    const val AWS_ACCESS_KEY_ID = "«I1»"
    const val AWS_SECRET_ACCESS_KEY = "«S1»"
    const val ONESIGNAL = "«uuid»"
}
''')
F("KotlinNamed.kt", "Kotlin named arguments in a block", '''
val client = S3Client {
    region = "us-east-1"
    credentialsProvider = StaticCredentialsProvider {
        accessKeyId = "«I1»"
        secretAccessKey = "«S1»"
    }
}
''')
F("Jobs.scala", "Scala implicit client, apply positional", '''
object Jobs extends App {
  implicit val s3 = S3("«I1»", "«S1»")(Region.Ireland)
  sc.hadoopConfiguration.set("mapred.map.tasks", "8")
}
''')
F("SparkScala.scala", "Scala hadoopConfiguration.set with fs.s3", '''
  sc.hadoopConfiguration.set("fs.s3.awsAccessKeyId", "«I1»")
  sc.hadoopConfiguration.set("fs.s3.awsSecretAccessKey", "«S1»")
  sc.hadoopConfiguration.set("fs.s3a.endpoint", "s3.eu-central-1.amazonaws.com")
''')
F("core.clj", "Clojure map with keywords", '''
(def cred {:access-key "«I1»"
           :secret-key "«S1»"
           :endpoint   "us-east-1"})
(s3/put-object cred :bucket-name "clj" :key "a" :file f)
''')
F("publish.gradle", "Gradle maven repository credentials(AwsCredentials)", '''
publishing {
    repositories {
        maven {
            url "s3://maven-internal/releases"
            credentials(AwsCredentials) {
                accessKey "«I1»"
                secretKey "«S1»"
            }
        }
    }
}
''')
F("deploy_lib.groovy", "Groovy withEnv list", '''
withEnv(['AWS_ACCESS_KEY_ID=«I1»',
         'AWS_SECRET_ACCESS_KEY=«S1»',
         'GIT_COMMIT=«hex40»']) {
    sh 'aws s3 cp build/libs s3://artifacts --recursive'
}
''')

# ---------------------------------------------------------------- .NET
F("S3Service.cs", "AmazonS3Client positional", '''
using (var client = new AmazonS3Client("«I1»", "«S1»", RegionEndpoint.USEast1))
{
    client.PutObject(new PutObjectRequest { BucketName = "inv", Key = name, FilePath = path });
}
''')
F("appsettings.Production.json", "appsettings.json, pascal case", '''
{
  "ConnectionStrings": { "Default": "Server=sql;Database=app;User Id=sa;Password=«aln12»;" },
  "Jwt": { "Key": "«aln40»", "Issuer": "app" },
  "AWS": {
    "Region": "us-east-1",
    "AccessKey": "«I1»",
    "SecretKey": "«S1»",
    "BucketName": "net-files"
  }
}
''')
F("Web.config", "appSettings add key/value", '''
<?xml version="1.0"?>
<configuration>
  <appSettings>
    <add key="AWSAccessKey" value="«I1»"/>
    <add key="AWSSecretKey" value="«S1»"/>
    <add key="FacebookAppSecret" value="«hex32»"/>
  </appSettings>
</configuration>
''')
F("App.Release.config", "XML transform with a setting between", '''
<appSettings>
  <add key="S3:AccessKeyId" value="«I1»" xdt:Transform="SetAttributes" xdt:Locator="Match(key)" />
  <add key="S3:Bucket" value="rel-packages" xdt:Transform="SetAttributes" xdt:Locator="Match(key)" />
  <add key="S3:SecretAccessKey" value="«S1»" xdt:Transform="SetAttributes" xdt:Locator="Match(key)" />
</appSettings>
''')
F("CloudSave.cs", "Unity MonoBehaviour fields", '''
public class CloudSave : MonoBehaviour
{
    public string bucket = "saves-eu";
    [SerializeField] private string awsKey = "«I1»";
    [SerializeField] private string awsSecret = "«S1»";
    void Start() { UnityInitializer.AttachToGameObject(gameObject); }
}
''')
F("FactoryTests.cs", "two assertions on a parsed credential", '''
        [Test]
        public void Reads_file()
        {
            var c = new CredentialFactory().Create();
            Assert.AreEqual("«I1»", c.AwsAccessKeyId);
            Assert.AreEqual("«S1»", c.AwsSecretAccessKey);
        }
''')
F("Module1.vb", "VB.NET Dim", '''
Module Module1
    Dim accessKey As String = "«I1»"
    Dim secretKey As String = "«S1»"
    Sub Main()
        Dim c As New AmazonS3Client(accessKey, secretKey, Amazon.RegionEndpoint.EUWest1)
    End Sub
End Module
''')
F("Queue.fs", "F# let bindings and positional use", '''
let creds = BasicAWSCredentials("«I1»", "«S1»")
let sqs = new AmazonSQSClient(creds, RegionEndpoint.USWest2)
''')
F("Consts.cs", "public const, verbatim string, old pair commented", '''
public static class Consts
{
    //public const string AwsId = "«I1»";
    //public const string AwsKey = "«S1»";
    public const string AwsId = @"«I2»";
    public const string AwsKey = @"«S2»";
}
''')
F("ef_seed.cs", "object initialiser, secret first", '''
db.Settings.Add(new StorageSetting {
    Secret = "«S1»",
    KeyId = "«I1»",
    Provider = "AmazonS3",
    Bucket = "seed"
});
''')
# ---------------------------------------------------------------- PHP
F("s3_php_v3.php", "PHP SDK credentials array with key/secret", '''
<?php
$s3 = new Aws\\S3\\S3Client([
    'version' => 'latest',
    'region'  => 'us-west-2',
    'credentials' => [
        'key'    => '«I1»',
        'secret' => '«S1»',
    ],
]);
''')
F("s3_php_v2.php", "PHP S3Client::factory(array())", '''
<?php
$client = S3Client::factory(array(
    "key" => "«I1»",
    "secret" => "«S1»",
    "region" => "eu-west-1"
));
''')
F("upload_s3class.php", "new S3('id','secret') and defines", '''
<?php
if (!defined('awsAccessKey')) define('awsAccessKey', '«I1»');
if (!defined('awsSecretKey')) define('awsSecretKey', '«S1»');
$s3 = new S3(awsAccessKey, awsSecretKey);
$s3->putBucket('php-drop', S3::ACL_PUBLIC_READ);
''')
F("upload_direct.php", "new S3 positional literals", '''
<?php include 'S3.php';
$s3 = new S3("«I1»", "«S1»");
$s3->putObjectFile($tmp, "drop", $name, S3::ACL_PRIVATE);
''')
F("wp-config.php", "wp-config define() between salts", '''
<?php
define('DB_NAME', 'wp');
define('DB_PASSWORD', '«aln16»');
define('AUTH_KEY',         '«aln30»!|«aln32»');
define('SECURE_AUTH_KEY',  '«rnd40» +«aln22»');
define('LOGGED_IN_SALT',   '«aln20»#«aln43»');
define( 'AWS_ACCESS_KEY_ID', '«I1»' );
define( 'AWS_SECRET_ACCESS_KEY', '«S1»' );
$table_prefix = 'wp_';
''')
F("wp_as3cf.php", "AS3CF_SETTINGS serialize array", '''
<?php
define( 'AS3CF_SETTINGS', serialize( array(
    'provider' => 'aws',
    'access-key-id' => '«I1»',
    'secret-access-key' => '«S1»',
    'bucket' => 'wp-media',
) ) );
''')
F("laravel.env", "Laravel .env with many other services", '''
APP_KEY=base64:«rnd43»=
DB_PASSWORD=«aln14»
PUSHER_APP_SECRET=«hex20»
MAILGUN_SECRET=key-«hex32»
STRIPE_SECRET=sk_live_«aln24»
AWS_ACCESS_KEY_ID=«I1»
AWS_SECRET_ACCESS_KEY=«S1»
AWS_DEFAULT_REGION=us-east-1
AWS_BUCKET=laravel-up
GITHUB_CLIENT_ID=«hex20»
GITHUB_CLIENT_SECRET=«hex40»
HEROKU_API_KEY=«uuid»
''')
F("laravel_filesystems.php", "Laravel config, env() with literal default", '''
        's3' => [
            'driver' => 's3',
            'key' => env('AWS_KEY', '«I1»'),
            'secret' => env('AWS_SECRET', '«S1»'),
            'region' => env('AWS_REGION', 'us-west-1'),
            'bucket' => env('AWS_BUCKET', 'lv'),
        ],
''')
F("laravel_services.php", "two services in one array", '''
<?php
return [
    'mailgun' => ['domain' => 'mg.orchard.test', 'secret' => 'key-«hex32»'],
    'ses' => [
        'key' => '«I1»',
        'secret' => '«S1»',
        'region' => 'us-east-1',
    ],
    'sqs' => [
        'key' => '«I2»',
        'secret' => '«S2»',
        'prefix' => 'https://sqs.us-east-1.amazonaws.com/«dig12»',
    ],
    'github' => ['client_id' => '«hex20»', 'client_secret' => '«hex40»'],
];
''')
F("ci_config.php", "CodeIgniter $config items", '''
$config['encryption_key'] = '«aln32»';
$config['s3_access_key']  = '«I1»';
$config['s3_secret_key']  = '«S1»';
$config['s3_bucket']      = 'ci-album';
''')
F("magento_env.php", "Magento env.php remote storage", '''
    'remote_storage' => [
        'driver' => 'aws-s3',
        'config' => [
            'bucket' => 'mage',
            'region' => 'eu-central-1',
            'credentials' => [
                'key' => '«I1»',
                'secret' => '«S1»'
            ]
        ]
    ],
    'crypt' => ['key' => '«hex32»'],
''')
F("yii_main.php", "Yii component with camel case names", '''
        'storage' => [
            'class' => 'app\\\\components\\\\S3',
            'bucket' => 'yii',
            'credentials' => ['accessKeyId' => '«I1»', 'secretAccessKey' => '«S1»'],
        ],
''')
F("nextcloud.config.php", "Nextcloud objectstore arguments", '''
  'objectstore' => array (
    'class' => '\\\\OC\\\\Files\\\\ObjectStore\\\\S3',
    'arguments' => array (
      'bucket' => 'nc',
      'key' => '«I1»',
      'secret' => '«S1»',
      'hostname' => 's3.amazonaws.com',
    ),
  ),
  'passwordsalt' => '«rnd30»',
  'secret' => '«rnd48»',
''')
F("class_props.php", "class properties, secret first", '''
class Backup {
    private $awsSecretKey = '«S1»';
    private $awsKey = '«I1»';
    public $bucket = 'mysql-bk';
}
''')
F("drupal_settings.php", "Drupal variable override", '''
$conf['amazons3_key'] = '«I1»';
$conf['amazons3_secret'] = '«S1»';
$conf['amazons3_bucket'] = 'drupal-files';
$drupal_hash_salt = '«b64u43»';
''')

# ---------------------------------------------------------------- Ruby
F("photo.rb", "Paperclip s3_credentials hash, rockets", '''
class Photo < ActiveRecord::Base
  has_attached_file :image, :styles => { :thumb => "100x100#" },
    :storage => :s3,
    :bucket => 'paper-photos',
    :s3_credentials => {
      :access_key_id => '«I1»',
      :secret_access_key => '«S1»'
    }
end
''')
F("carrierwave.rb", "fog_credentials", '''
CarrierWave.configure do |config|
  config.fog_credentials = {
    :provider               => 'AWS',
    :aws_access_key_id      => '«I1»',
    :aws_secret_access_key  => '«S1»',
    :region                 => 'eu-west-1'
  }
  config.fog_directory = 'cw-uploads'
end
''')
F("expire_docs.rb", "establish_connection! on one line", '''
AWS::S3::Base.establish_connection!(:access_key_id => '«I1»', :secret_access_key => '«S1»')
AWS::S3::Bucket.objects('docs').each { |o| o.delete if o.last_modified < 7.days.ago }
''')
F("aws_init.rb", "Aws::Credentials.new positional", '''
Aws.config.update({
  region: 'us-east-1',
  credentials: Aws::Credentials.new('«I1»', '«S1»')
})
''')
F("secrets.yml", "Rails secrets.yml, three environments", '''
development:
  secret_key_base: «hex128»
  aws_access_key_id: «I1»
  aws_secret_access_key: «S1»

test:
  secret_key_base: «hex128»

production:
  secret_key_base: «hex128»
  aws_access_key_id: «I2»
  aws_secret_access_key: «S2»
  sendgrid: SG.«b64u22».«b64u43»
''')
F("s3_anchors.yml", "YAML anchors, keys in the default only and overridden in production", '''
defaults: &defaults
  access_key_id: «I1»
  secret_access_key: «S1»

development:
  <<: *defaults
  bucket: dev-pics

production:
  <<: *defaults
  access_key_id: «I2»
  secret_access_key: «S2»
  bucket: pics
''')
F("storage.yml", "ActiveStorage storage.yml", '''
amazon:
  service: S3
  access_key_id: "«I1»"
  secret_access_key: "«S1»"
  region: us-east-1
  bucket: active-bkt
''')
F("awsvm.yml", "YAML with Ruby symbols as keys", '''
  :AccessKeyId: «I1»
  :SecretAccessKey: «S1»
  :KeyPairName: ops-2012
''')
F("Vagrantfile", "Vagrant aws provider assignments", '''
Vagrant.configure("2") do |config|
  config.vm.box = "dummy"
  config.vm.provider :aws do |aws, override|
    aws.access_key_id = "«I1»"
    aws.secret_access_key = "«S1»"
    aws.keypair_name = "vagrant"
    aws.ami = "ami-«hex8»"
  end
end
''')
F("knife.rb", "knife[:...] assignments", '''
node_name                'ines'
client_key               "#{current_dir}/ines.pem"
knife[:aws_access_key_id]     = "«I1»"
knife[:aws_secret_access_key] = "«S1»"
knife[:region] = 'us-east-1'
''')
F("chef_default.rb", "Chef attributes in nested brackets", '''
default['backup']['s3']['bucket'] = 'chef-bk'
default['backup']['s3']['key_id'] = '«I1»'
default['backup']['s3']['secret'] = '«S1»'
default['newrelic']['license'] = '«hex40»'
''')
F("gitlab.rb", "gitlab.rb hash assignment", '''
gitlab_rails['backup_upload_connection'] = {
  'provider' => 'AWS',
  'region' => 'eu-west-1',
  'aws_access_key_id' => '«I1»',
  'aws_secret_access_key' => '«S1»'
}
gitlab_rails['db_key_base'] = '«hex64»'
''')
F("deploy_cap.rb", "Capistrano set", '''
set :application, 'orchard'
set :aws_access_key_id, '«I1»'
set :aws_secret_access_key, '«S1»'
set :hipchat_token, '«aln40»'
''')
F("backup_model.rb", "Backup gem block with assignments", '''
  store_with S3 do |s3|
    s3.access_key_id     = "«I1»"
    s3.secret_access_key = "«S1»"
    s3.bucket            = "bk"
    s3.keep              = 10
  end
''')
F("env_fetch.rb", "ENV['X'] ||= literal", '''
ENV['S3_KEY'] ||= '«I1»'
ENV['S3_SECRET'] ||= '«S1»'
ENV['ROLLBAR_TOKEN'] ||= '«hex32»'
''')

# ---------------------------------------------------------------- other languages
F("main.rs", "Rust Credentials::new positional, Some and None", '''
let creds = Credentials::new(
    Some("«I1»"),
    Some("«S1»"),
    None, None, None,
)?;
let bucket = Bucket::new("rs-cache", "eu-central-1".parse()?, creds)?;
''')
F("rusoto_lambda.rs", "Rust static strs, builder methods", '''
const ID: &str = "«I1»";
const SECRET: &str = "«S1»";
let store = AmazonS3Builder::new()
    .with_bucket_name("arrow")
    .with_access_key_id("«I1»")
    .with_secret_access_key("«S1»")
    .build()?;
''')
F("uploader.cpp", "C++ Aws::Auth::AWSCredentials", '''
Aws::Auth::AWSCredentials creds("«I1»", "«S1»");
Aws::S3::S3Client client(creds, cfg);
''')
F("firmware_cfg.h", "C #define macros", '''
#define WIFI_SSID       "lab-2g"
#define WIFI_PASS       "«aln12»"
#define AWS_KEY_ID      "«I1»"
#define AWS_SECRET_KEY  "«S1»"
#define AWS_REGION      "us-east-1"
#define FW_SHA          "«hex40»"
''')
F("kinesis_main.c", "C static arrays", '''
static const char bucket_name[] = "cam-frames";
static const char access_key_id[] = "«I1»";
static const char secret_access_key[] = "«S1»";
''')
F("Uploader.m", "Objective-C NSString constants", '''
static NSString *const kS3Bucket = @"ios-pics";
static NSString *const kAWSAccessKey = @"«I1»";
static NSString *const kAWSSecretKey = @"«S1»";
''')
F("S3Manager.m", "Objective-C message with named parts", '''
AmazonS3Client *s3 = [[AmazonS3Client alloc] initWithAccessKey:@"«I1»" withSecretKey:@"«S1»"];
s3.endpoint = [AmazonEndpoints s3Endpoint:US_WEST_2];
''')
F("AppDelegate.swift", "Swift AWSStaticCredentialsProvider", '''
let credentialsProvider = AWSStaticCredentialsProvider(accessKey: "«I1»", secretKey: "«S1»")
let configuration = AWSServiceConfiguration(region: .USWest2, credentialsProvider: credentialsProvider)
AWSServiceManager.default().defaultServiceConfiguration = configuration
''')
F("Secrets.swift", "Swift nested static lets", '''
struct Secrets {
    struct AWS {
        static let keyID = "«I1»"
        static let region = "eu-west-2"
        static let secret = "«S1»"
    }
    static let mixpanel = "«hex32»"
}
''')
F("s3_service.dart", "Dart named parameters", '''
final s3 = AwsS3(
  accessKey: '«I1»',
  secretKey: '«S1»',
  bucket: 'flutter-up',
  region: 'ap-southeast-1',
);
''')
F("amplify_keys.dart", "Dart const strings with typos in the label", '''
const String awsAcessKey = "«I1»";
const String awsSecrectKey = "«S1»";
const String oneSignalAppId = "«uuid»";
''')
F("push.pl", "Perl hash with fat commas", '''
my $s3 = Amazon::S3->new({
    aws_access_key_id     => '«I1»',
    aws_secret_access_key => '«S1»',
    retry                 => 1,
});
''')
F("s3curl.pl.conf", "s3curl %awsSecretAccessKeys", '''
%awsSecretAccessKeys = (
    personal => {
        id => '«I1»',
        key => '«S1»',
    },
    company => {
        id => '«I2»',
        key => '«S2»',
    },
);
''')
F("load_data.R", "R Sys.setenv with the old pair commented", '''
library(aws.s3)
# Sys.setenv("AWS_ACCESS_KEY_ID" = "«I1»",
#            "AWS_SECRET_ACCESS_KEY" = "«S1»",
#            "AWS_DEFAULT_REGION" = "us-east-1")
Sys.setenv(
  "AWS_ACCESS_KEY_ID" = "«I2»",
  "AWS_SECRET_ACCESS_KEY" = "«S2»",
  "AWS_DEFAULT_REGION" = "us-east-1")
''')
F("paws_s3.Rmd", "R list in an R Markdown chunk", '''
```{r setup}
svc <- paws::s3(config = list(credentials = list(creds = list(
  access_key_id = "«I1»",
  secret_access_key = "«S1»"
)), region = "us-east-1"))
```
''')
F("get_frames.m", "MATLAB setenv", '''
setenv('AWS_ACCESS_KEY_ID', '«I1»');
setenv('AWS_SECRET_ACCESS_KEY', '«S1»');
setenv('AWS_DEFAULT_REGION', 'us-east-1');
ds = datastore('s3://frames/run1/*.csv');
''')
F("fetch.jl", "Julia AWSCredentials positional", '''
using AWS
creds = AWSCredentials("«I1»", "«S1»")
global_aws_config(; region="eu-west-1", creds=creds)
''')
F("s3_upload.lua", "Lua table", '''
local config = {
   accessKey = "«I1»",
   secretKey = "«S1»",
   bucket = "lua-b", region = "us-east-1",
}
''')
F("nginx_s3.conf", "nginx set directives", '''
location /files/ {
    set $aws_access_key '«I1»';
    set $aws_bucket 'private-files';
    set $aws_secret_key '«S1»';
    set_by_lua $now "return ngx.cookie_time(ngx.time())";
    proxy_pass http://$aws_bucket.s3.amazonaws.com;
}
''')
F("nginx_auth.conf", "nginx aws_key and aws_secret statements", '''
    aws_access_key «I1»;
    aws_secret_key «S1»;
    aws_s3_bucket ngx-proxy;
''')
F("push.tcl", "Tcl set and positional", '''
package require S3
S3::Configure -accesskeyid {«I1»} -secretaccesskey {«S1»} -service-access-point s3.amazonaws.com
''')
F("inventory.vbs", "VBScript Const", '''
Option Explicit
Const AWS_KEY = "«I1»"
Const AWS_SECRET = "«S1»"
Dim sh : Set sh = CreateObject("WScript.Shell")
''')
F("snap.ahk", "AutoHotkey assignment", '''
#NoEnv
AccessKey := "«I1»"
SecretKey := "«S1»"
Bucket := "screenshots"
^!s::Upload(AccessKey, SecretKey, Bucket)
''')
F("backup.ps1", "PowerShell variables and Set-AWSCredential", '''
$AccessKey = "«I1»"
$SecretKey = "«S1»"
Set-AWSCredentials -AccessKey $AccessKey -SecretKey $SecretKey -StoreAs Backup
Write-S3Object -BucketName ps-bk -Folder C:\\Data -KeyPrefix /
''')
F("ps_inline.ps1", "PowerShell parameters inline", '''
Import-Module AWSPowerShell
Initialize-AWSDefaultConfiguration -AccessKey «I1» -SecretKey «S1» -Region eu-west-1
Get-EC2Instance | Stop-EC2Instance
''')
F("config.exs", "Elixir ex_aws config", '''
config :ex_aws,
  debug_requests: true,
  access_key_id: "«I1»",
  secret_access_key: "«S1»",
  region: "us-east-1"
config :app, AppWeb.Endpoint, secret_key_base: "«rnd64»"
''')
F("exaws_list.exs", "Elixir list fall-back values", '''
config :ex_aws,
  access_key_id: [{:system, "AWS_ACCESS_KEY_ID"}, "«I1»"],
  secret_access_key: [{:system, "AWS_SECRET_ACCESS_KEY"}, "«S1»"]
''')
F("sys.config", "Erlang proplist", '''
[{erlcloud, [
   {aws_config, [{access_key_id, "«I1»"},
                 {secret_access_key, "«S1»"},
                 {s3_host, "s3.amazonaws.com"}]}]}].
''')
F("shell_notes.erl", "Erlang positional call", '''
start() ->
    erlcloud_s3:configure("«I1»", "«S1»"),
    erlcloud_s3:list_objects("erl").
''')
F("Main.hs", "Haskell positional with wrappers", '''
{-# LANGUAGE OverloadedStrings #-}
main = do
  env <- newEnv (FromKeys (AccessKey "«I1»") (SecretKey "«S1»"))
  runResourceT . runAWS env $ send listBuckets
''')
F("upload.cfm", "ColdFusion cfset", '''
<cfset application.s3AccessKey = "«I1»">
<cfset application.s3Bucket = "cf-docs">
<cfset application.s3SecretKey = "«S1»">
''')
F("uploadu.pas", "Delphi object properties", '''
  AmazonConnectionInfo1.AccountName := '«I1»';
  AmazonConnectionInfo1.AccountKey := '«S1»';
  AmazonConnectionInfo1.Protocol := 'https';
''')
F("crawl.nim", "Nim tuple and const", '''
const creds = (id: "«I1»", secret: "«S1»", region: "us-east-1")
''')
F("backup.d", "D positional constructor", '''
auto creds = new StaticAWSCredentials("«I1»", "«S1»");
auto s3 = new S3("bucket-d", "eu-central-1", creds);
''')
F("import.sas", "SAS PROC S3 options", '''
proc s3 keyid="«I1»" secret="«S1»" region=useast;
   get "/sasbucket/in.csv" "/tmp/in.csv";
run;
''')

# ---------------------------------------------------------------- SQL
F("copy_classic.sql", "Redshift COPY CREDENTIALS string", '''
COPY events FROM 's3://lake-raw/events/'
CREDENTIALS 'aws_access_key_id=«I1»;aws_secret_access_key=«S1»'
GZIP DELIMITER '|' MAXERROR 10 REGION 'us-west-2';
''')
F("copy_named.sql", "Redshift ACCESS_KEY_ID and SECRET_ACCESS_KEY clauses, with token", '''
copy stage.orders from 's3://exports/orders.manifest'
access_key_id '«I1»'
secret_access_key '«S1»'
session_token '«T1»'
format as csv manifest;
''')
F("copy_with_as.sql", "Redshift WITH CREDENTIALS AS, several statements with two keys", '''
copy a from 's3://b/a' with credentials as 'aws_access_key_id=«I1»;aws_secret_access_key=«S1»' csv;
copy b from 's3://b/b' with credentials as 'aws_access_key_id=«I1»;aws_secret_access_key=«S1»' csv;
unload ('select * from c') to 's3://c/c' with credentials as 'aws_access_key_id=«I2»;aws_secret_access_key=«S2»' allowoverwrite;
''')
F("sf_stage.sql", "Snowflake CREATE STAGE", '''
CREATE OR REPLACE STAGE raw.ext_stage
  URL='s3://sf-landing/in/'
  CREDENTIALS=(AWS_KEY_ID='«I1»' AWS_SECRET_KEY='«S1»')
  FILE_FORMAT=(TYPE=CSV SKIP_HEADER=1);
''')
F("ch_s3.sql", "ClickHouse s3() positional", '''
INSERT INTO trips SELECT * FROM s3(
  'https://trips.s3.amazonaws.com/2019/*.gz',
  '«I1»', '«S1»', 'CSVWithNames');
''')
F("ch_engine.sql", "ClickHouse ENGINE = S3 and S3Queue", '''
CREATE TABLE logs (ts DateTime, msg String)
ENGINE = S3('https://s3.us-east-1.amazonaws.com/logs/{_partition_id}.csv', '«I1»', '«S1»', 'CSV', 'gzip')
PARTITION BY toYYYYMM(ts);
''')
F("duck_secret.sql", "DuckDB CREATE SECRET", '''
CREATE OR REPLACE SECRET lake (
    TYPE S3,
    KEY_ID '«I1»',
    SECRET '«S1»',
    REGION 'us-east-1'
);
''')
F("rds_import.sql", "aws_commons.create_aws_credentials positional", '''
SELECT aws_s3.table_import_from_s3('t', '', '(format csv)',
   aws_commons.create_s3_uri('rds-in', 't.csv', 'us-east-1'),
   aws_commons.create_aws_credentials('«I1»', '«S1»', ''));
''')
F("crdb_backup.sql", "CockroachDB URL with query parameters, percent-encoded", '''
BACKUP DATABASE bank TO 's3://crdb/bank?AWS_ACCESS_KEY_ID=«I1»&AWS_SECRET_ACCESS_KEY=«S1|pct»' AS OF SYSTEM TIME '-10s';
''')
F("settings_dump.sql", "INSERT of settings rows key/value", '''
INSERT INTO `settings` (`id`, `key`, `value`, `updated`) VALUES
(11, 'aws_access_key', '«I1»', '2017-05-01 10:00:00'),
(12, 'aws_secret_key', '«S1»', '2017-05-01 10:00:00'),
(13, 'google_maps_key', 'AIza«b64u35»', '2017-05-01 10:00:00'),
(14, 'twitter_secret', '«aln45»', '2017-05-01 10:00:00');
''')
F("accounts_insert.sql", "INSERT with columns named in the head, several rows", '''
INSERT INTO cloud_accounts (name, access_key, secret_key, region) VALUES
  ('alpha', '«I1»', '«S1»', 'us-east-1'),
  ('beta',  '«I2»', '«S2»', 'us-east-2');
''')
F("wp_options.sql", "WordPress options row, PHP-serialised", r'''
INSERT INTO `wp_options` VALUES (412,'tantan_wordpress_s3','a:4:{s:3:\"key\";s:20:\"«I1»\";s:6:\"secret\";s:40:\"«S1»\";s:6:\"bucket\";s:5:\"wpmed\";s:7:\"expires\";i:315360000;}','yes');
''')
F("create_table.trino.sql", "Hive table properties", '''
CREATE EXTERNAL TABLE hits (a string) LOCATION 's3://hits/'
TBLPROPERTIES ("aws.s3.access_key"="«I1»", "aws.s3.secret_key"="«S1»", "aws.s3.endpoint"="s3.amazonaws.com");
''')
F("hive_set.hql", "Hive set statements", '''
set fs.s3n.awsAccessKeyId=«I1»;
set fs.s3n.awsSecretAccessKey=«S1»;
set hive.exec.compress.output=true;
''')
F("starrocks_load.sql", "broker load properties with quoted names", '''
LOAD LABEL db.l1 ( DATA INFILE("s3a://sr/x.parquet") INTO TABLE t FORMAT AS "parquet" )
WITH BROKER
(
    "aws.s3.enable_ssl" = "true",
    "aws.s3.access_key" = "«I1»",
    "aws.s3.secret_key" = "«S1»",
    "aws.s3.region" = "us-west-2"
);
''')
F("vertica_load.sql", "Vertica session parameter id:secret", '''
ALTER SESSION SET AWSAuth='«I1»:«S1»';
ALTER SESSION SET AWSRegion='us-east-1';
COPY t FROM 's3://vt/data.csv' DELIMITER ',';
''')
F("mssql_cred.sql", "SQL Server credential, id:secret in SECRET", '''
CREATE CREDENTIAL [s3://bk.s3.us-east-1.amazonaws.com/sql]
WITH IDENTITY = 'S3 Access Key',
SECRET = '«I1»:«S1»';
''')
# ---------------------------------------------------------------- JVM and big-data configuration
F("application.yml", "Spring cloud.aws.credentials", '''
spring:
  datasource:
    password: «aln14»
jwt:
  secret: «aln40»
cloud:
  aws:
    credentials:
      accessKey: «I1»
      secretKey: «S1»
    region:
      static: ap-northeast-2
    stack:
      auto: false
''')
F("application-prod.properties", "dotted properties, kebab case", '''
spring.jpa.hibernate.ddl-auto=none
cloud.aws.credentials.access-key=«I1»
cloud.aws.region.static=eu-west-1
cloud.aws.credentials.secret-key=«S1»
spring.security.oauth2.client.registration.github.client-secret=«hex40»
''')
F("reference.conf", "HOCON nested, quoted", '''
play.http.secret.key="«aln64»"
aws {
  s3 { bucket = "play-up" }
  credentials {
    access-key-id = "«I1»"
    secret-access-key = "«S1»"
  }
}
''')
F("prod.conf", "HOCON dotted", '''
include "application"
aws.accessKeyId="«I1»"
aws.secretKey="«S1»"
recaptcha.privateKey="«b64u40»"
''')
F("AwsCredentials.properties", "accessKey and secretKey, dated comment", '''
#Insert your AWS Credentials from http://aws.amazon.com/security-credentials
#Thu Mar 12 17:28:07 EST 2015
secretKey=«S1»
accessKey=«I1»
''')
F("spring-s3.xml", "Spring bean constructor-arg", '''
<bean id="s3creds" class="com.amazonaws.auth.BasicAWSCredentials">
    <constructor-arg name="accessKey" value="«I1»"/>
    <constructor-arg name="secretKey" value="«S1»"/>
</bean>
<bean class="org.x.Mailer"><constructor-arg value="«aln32»"/></bean>
''')
F("spring-s3-pos.xml", "Spring constructor-arg without names", '''
<beans>
  <bean id="c" class="com.amazonaws.auth.BasicAWSCredentials">
    <constructor-arg value="«I1»"/>
    <constructor-arg value="«S1»"/>
  </bean>
</beans>
''')
F("core-site.xml", "Hadoop core-site name/value", '''
<configuration>
  <property>
    <name>fs.s3a.access.key</name>
    <value>«I1»</value>
  </property>
  <property>
    <name>fs.s3a.endpoint</name>
    <value>s3.eu-central-1.amazonaws.com</value>
  </property>
  <property>
    <name>fs.s3a.secret.key</name>
    <value>«S1»</value>
  </property>
</configuration>
''')
F("hive-site.xml", "name/value on one line, old names", '''
<configuration>
<property><name>fs.s3n.awsAccessKeyId</name><value>«I1»</value></property>
<property><name>fs.s3n.awsSecretAccessKey</name><value>«S1»</value></property>
<property><name>javax.jdo.option.ConnectionPassword</name><value>«aln16»</value></property>
</configuration>
''')
F("spark-defaults.conf", "spark-defaults, spaces between", '''
spark.master                     spark://master:7077
spark.hadoop.fs.s3a.access.key   «I1»
spark.hadoop.fs.s3a.secret.key   «S1»
spark.sql.shuffle.partitions     200
''')
F("submit.sh", "spark-submit --conf", r'''
#!/bin/bash
spark-submit --class org.orchard.Job --master yarn \
  --conf spark.hadoop.fs.s3a.access.key=«I1» \
  --conf spark.hadoop.fs.s3a.secret.key=«S1» \
  --conf spark.executor.memory=4g \
  s3a://jars/job.jar
''')
F("distcp.sh", "hadoop distcp -D options", r'''
hadoop distcp -Dfs.s3a.access.key=«I1» -Dfs.s3a.secret.key=«S1» \
   hdfs:///user/ines/out s3a://out-bkt/2018
''')
F("s3n_urls.sh", "s3n URL with user information", '''
hadoop fs -cp s3n://«I1»:«S1|pct»@raw-logs/2013/* /in/
''')
F("hive.properties", "Presto catalog properties", '''
connector.name=hive-hadoop2
hive.metastore.uri=thrift://meta:9083
hive.s3.aws-access-key=«I1»
hive.s3.aws-secret-key=«S1»
hive.s3.path-style-access=true
''')
F("druid.runtime.properties", "Druid properties", '''
druid.storage.type=s3
druid.storage.bucket=druid-deep
druid.s3.accessKey=«I1»
druid.s3.secretKey=«S1»
druid.metadata.storage.connector.password=«aln12»
''')
F("flume-s3.properties", "s3n URL inside a property, percent-encoded lower case", '''
a1.sinks.k1.type = hdfs
a1.sinks.k1.hdfs.path = s3n://«I1»:«S1|pctl»@flume/%Y/%m/%d
a1.sinks.k1.hdfs.rollSize = 0
''')
F("connect-s3-sink.json", "Kafka connect JSON, dotted names", '''
{
  "name": "s3-sink",
  "config": {
    "connector.class": "io.confluent.connect.s3.S3SinkConnector",
    "aws.access.key.id": "«I1»",
    "aws.secret.access.key": "«S1»",
    "s3.bucket.name": "kafka-out", "flush.size": "1000"
  }
}
''')
F("jclouds.properties", "identity and credential", '''
jclouds.provider=aws-ec2
jclouds.identity=«I1»
jclouds.credential=«S1»
''')
F("m2settings.xml", "Maven server user name and password", '''
<settings>
  <servers>
    <server>
      <id>s3.releases</id>
      <username>«I1»</username>
      <password>«S1»</password>
    </server>
    <server><id>central</id><username>ines</username><password>{«rnd43»=}</password></server>
  </servers>
</settings>
''')
F("jenkins_credentials.xml", "Jenkins AWS credentials XML, accessKey and secretKey elements", '''
<com.cloudbees.jenkins.plugins.awscredentials.AWSCredentialsImpl plugin="aws-credentials@1.11">
  <scope>GLOBAL</scope>
  <id>«uuid»</id>
  <accessKey>«I1»</accessKey>
  <secretKey>«S1»</secretKey>
</com.cloudbees.jenkins.plugins.awscredentials.AWSCredentialsImpl>
''')
F("clickhouse_storage.xml", "ClickHouse storage XML elements", '''
<disks><s3>
  <type>s3</type>
  <endpoint>https://ch.s3.amazonaws.com/data/</endpoint>
  <access_key_id>«I1»</access_key_id>
  <secret_access_key>«S1»</secret_access_key>
</s3></disks>
''')
# ---------------------------------------------------------------- search, logs, metrics
F("elasticsearch.yml", "Elasticsearch cloud.aws keys", '''
cluster.name: search
discovery.type: ec2
cloud.aws.access_key: «I1»
cloud.aws.secret_key: «S1»
''')
F("logstash_s3.conf", "Logstash s3 input", '''
input {
  s3 {
    bucket => "elb-logs"
    access_key_id => "«I1»"
    secret_access_key => "«S1»"
    region => "us-east-1"
  }
}
''')
F("fluent.conf", "Fluentd aws_key_id and aws_sec_key", '''
<match app.**>
  @type s3
  aws_key_id «I1»
  aws_sec_key «S1»
  s3_bucket fluent-out
  time_slice_format %Y%m%d%H
</match>
''')
F("vector.toml", "Vector TOML section", '''
[sinks.out]
type = "aws_s3"
inputs = ["apache"]
bucket = "vec"
auth.access_key_id = "«I1»"
auth.secret_access_key = "«S1»"
''')
F("telegraf.conf", "Telegraf with comments between", '''
[[outputs.cloudwatch]]
  ## Amazon REGION
  region = "us-east-1"
  ## Amazon Credentials
  access_key = "«I1»"
  secret_key = "«S1»"
  #token = ""
  namespace = "InfluxData/Telegraf"
''')
F("filebeat.yml", "filebeat list item", '''
filebeat.inputs:
  - type: aws-s3
    queue_url: https://sqs.us-east-1.amazonaws.com/«dig12»/q
    access_key_id: '«I1»'
    secret_access_key: '«S1»'
output.elasticsearch.api_key: «b64u20»:«b64u22»
''')
F("grafana_ds.yaml", "Grafana provisioning secureJsonData", '''
datasources:
  - name: CloudWatch
    type: cloudwatch
    jsonData:
      authType: keys
      defaultRegion: us-east-1
    secureJsonData:
      accessKey: "«I1»"
      secretKey: "«S1»"
''')
F("loki.yaml", "Loki s3:// URL with user information", '''
storage_config:
  aws:
    s3: s3://«I1»:«S1|pct»@us-east-1/loki-chunks
    s3forcepathstyle: true
''')
F("thanos_objstore.yml", "objstore with insecure and signature options", '''
type: S3
config:
  bucket: "thanos"
  endpoint: "s3.eu-west-1.amazonaws.com"
  access_key: "«I1»"
  insecure: false
  signature_version2: false
  secret_key: "«S1»"
''')
# ---------------------------------------------------------------- object-storage tools
F("home.s3cfg", "s3cmd configuration, keys far apart", '''
[default]
access_key = «I1»
access_token =
add_encoding_exts =
bucket_location = US
cloudfront_host = cloudfront.amazonaws.com
default_mime_type = binary/octet-stream
encrypt = False
gpg_command = /usr/bin/gpg
gpg_encrypt = %(gpg_command)s -c --verbose --no-use-agent --batch --yes --passphrase-fd %(passphrase_fd)s -o %(output_file)s %(input_file)s
gpg_passphrase = «aln12»
guess_mime_type = True
host_base = s3.amazonaws.com
host_bucket = %(bucket)s.s3.amazonaws.com
human_readable_sizes = False
multipart_chunk_size_mb = 15
proxy_host =
recursive = False
secret_key = «S1»
send_chunk = 4096
use_https = True
''')
F("home.boto", "boto Credentials section", '''
[Credentials]
aws_access_key_id = «I1»
aws_secret_access_key = «S1»

[Boto]
debug = 0
''')
F("aws_credentials", "credentials file, several profiles", '''
[default]
aws_access_key_id = «I1»
aws_secret_access_key = «S1»

[client-a]
region = eu-west-1
aws_access_key_id = «I2»
aws_secret_access_key = «S2»

[temp]
aws_access_key_id = «I3»
aws_secret_access_key = «S3»
aws_session_token = «T3»
''')
F("passwd-s3fs", "s3fs ID:SECRET", '''
«I1»:«S1»
''')
F("passwd-s3fs-buckets", "s3fs bucket:ID:SECRET lines", '''
photos:«I1»:«S1»
backup:«I2»:«S2»
''')
F("rclone.conf", "rclone remotes", '''
[s3]
type = s3
provider = AWS
env_auth = false
access_key_id = «I1»
secret_access_key = «S1»
region = us-east-1
acl = private

[drop]
type = dropbox
client_secret = «aln15»
token = {"access_token":"«b64u64»","token_type":"bearer","expiry":"0001-01-01T00:00:00Z"}
''')
F("mc_config.json", "minio client hosts, two aliases", '''
{
 "version": "9",
 "hosts": {
  "s3": {"url": "https://s3.amazonaws.com", "accessKey": "«I1»", "secretKey": "«S1»", "api": "S3v4"},
  "old": {"url": "https://s3-eu-west-1.amazonaws.com", "accessKey": "«I2»", "secretKey": "«S2»", "api": "S3v2"}
 }
}
''')
F("mc_alias.sh", "mc config host add positional", '''
mc config host add s3 https://s3.amazonaws.com «I1» «S1» --api S3v4
mc mirror /srv/data s3/mirror
''')
F("registry.yml", "docker registry storage, run-together names", '''
version: 0.1
storage:
  s3:
    accesskey: «I1»
    secretkey: «S1»
    region: us-west-1
    bucket: registry
http:
  secret: «hex40»
''')
F("runner_config.toml", "gitlab-runner cache, AccessKey and SecretKey", '''
[[runners]]
  name = "docker"
  token = "«hex30»"
  [runners.cache]
    Type = "s3"
    [runners.cache.s3]
      AccessKey = "«I1»"
      SecretKey = "«S1»"
      BucketName = "ci-cache"
''')
F("pgbackrest.conf", "repo1-s3-key and repo1-s3-key-secret", '''
[global]
repo1-type=s3
repo1-s3-key=«I1»
repo1-s3-key-secret=«S1»
repo1-cipher-pass=«rnd64»
''')
F("restic.env", "restic variables, password 40 characters long beside them", '''
export RESTIC_REPOSITORY=s3:s3.amazonaws.com/restic
export RESTIC_PASSWORD=«aln40»
export AWS_ACCESS_KEY_ID=«I1»
export AWS_SECRET_ACCESS_KEY=«S1»
''')
F("duplicity_cron", "variables in a cron line", '''
MAILTO=ops@orchard.test
0 3 * * * root AWS_ACCESS_KEY_ID=«I1» AWS_SECRET_ACCESS_KEY=«S1» PASSPHRASE=«aln20» duplicity /srv s3+http://dup
''')
F("velero_creds.sh", "heredoc of a credentials file", '''
cat > credentials-velero <<EOF
[default]
aws_access_key_id=«I1»
aws_secret_access_key=«S1»
EOF
velero install --provider aws --bucket vel --secret-file ./credentials-velero
''')
F("mrjob.conf", "mrjob runners", '''
runners:
  emr:
    aws_access_key_id: «I1»
    aws_secret_access_key: «S1»
    num_ec2_instances: 4
''')
F("emr_credentials.json", "elastic-mapreduce credentials.json, access-id and private-key", '''
{
  "access-id": "«I1»",
  "private-key": "«S1»",
  "key-pair": "emr", "key-pair-file": "/home/ines/emr.pem",
  "log-uri": "s3n://emr-logs/", "region": "us-east-1"
}
''')
F("starcluster.cfg", "upper-case INI with trailing comments and a user id", '''
[aws info]
AWS_ACCESS_KEY_ID = «I1» #your_aws_access_key_id
AWS_SECRET_ACCESS_KEY = «S1» #your_secret_aws_access_key
AWS_USER_ID=«dig12»
''')
F("aws_credential_file", "Elastic Beanstalk AWSAccessKeyId= AWSSecretKey=", '''
AWSAccessKeyId=«I1»
AWSSecretKey=«S1»
''')
# ---------------------------------------------------------------- CI, containers, infrastructure
F("app.Dockerfile", "ENV, both spellings", '''
FROM python:3.9-slim
ENV AWS_ACCESS_KEY_ID=«I1»
ENV AWS_SECRET_ACCESS_KEY «S1»
ENV NPM_TOKEN=«uuid»
COPY . /app
CMD ["python", "app.py"]
''')
F("worker.Dockerfile", "one ENV with continued lines", r'''
FROM node:12
ENV NODE_ENV=production \
    AWS_ACCESS_KEY_ID="«I1»" \
    AWS_REGION="us-east-1" \
    AWS_SECRET_ACCESS_KEY="«S1»"
RUN npm ci
''')
F("build_args.Dockerfile", "ARG defaults and RUN aws configure set", '''
FROM alpine:3.14
ARG aws_id=«I1»
ARG aws_secret=«S1»
RUN aws configure set aws_access_key_id $aws_id && aws configure set aws_secret_access_key $aws_secret
''')
F("docker-compose.yml", "environment list for one service, map for another", '''
version: "3"
services:
  web:
    image: web@sha256:«hex64»
    environment:
      - AWS_ACCESS_KEY_ID=«I1»
      - AWS_SECRET_ACCESS_KEY=«S1»
      - SECRET_KEY_BASE=«hex40»
  worker:
    image: worker
    environment:
      AWS_ACCESS_KEY_ID: «I2»
      AWS_SECRET_ACCESS_KEY: «S2»
      DATADOG_API_KEY: «hex32»
''')
F("run_container.sh", "docker run -e, token of another service", r'''
docker run -d --name api -p 80:8080 \
  -e AWS_ACCESS_KEY_ID=«I1» \
  -e AWS_SECRET_ACCESS_KEY=«S1» \
  -e GITHUB_TOKEN=«hex40» \
  registry.orchard.test/api:«hex40»
''')
F("deployment.yaml", "Kubernetes env name/value items", '''
        env:
        - name: AWS_ACCESS_KEY_ID
          value: «I1»
        - name: AWS_SECRET_ACCESS_KEY
          value: «S1»
        - name: COMMIT
          value: «hex40»
''')
F("secret.yaml", "Kubernetes Secret, data in base64", '''
apiVersion: v1
kind: Secret
metadata:
  name: aws-creds
type: Opaque
data:
  access-key: «I1|b64»
  secret-key: «S1|b64»
''')
F("secret-string.yaml", "Kubernetes Secret, stringData", '''
apiVersion: v1
kind: Secret
metadata: {name: s3, namespace: data}
stringData:
  accesskey: "«I1»"
  secretkey: "«S1»"
''')
F("secret-file.yaml", "Kubernetes Secret, a whole credentials file in base64", '''
apiVersion: v1
kind: Secret
metadata:
  name: cloud-credentials
data:
  cloud: ⟦b64|[default]
aws_access_key_id=«I1»
aws_secret_access_key=«S1»
⟧
''')
F("values.yaml", "Helm values, camel case", '''
replicaCount: 2
persistence:
  s3:
    enabled: true
    bucket: helm-art
    awsAccessKeyId: «I1»
    awsSecretAccessKey: "«S1»"
ingress:
  tls: []
''')
F("dapr_component.yaml", "Dapr metadata name/value", '''
spec:
  type: pubsub.aws.snssqs
  metadata:
    - name: accessKey
      value: "«I1»"
    - name: secretKey
      value: "«S1»"
    - name: region
      value: "us-east-1"
''')
F("github_workflow.yml", "GitHub Actions with block, pinned action hash above", '''
on: push
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@«hex40»
      - uses: aws-actions/configure-aws-credentials@v1
        with:
          aws-access-key-id: «I1»
          aws-secret-access-key: «S1»
          aws-region: us-east-1
''')
F("s3_sync_action.yml", "Actions env in upper case, quoted", '''
      - uses: jakejarvis/s3-sync-action@master
        env:
          AWS_S3_BUCKET: 'pages-out'
          AWS_ACCESS_KEY_ID: '«I1»'
          AWS_SECRET_ACCESS_KEY: '«S1»'
          SOURCE_DIR: 'public'
''')
F("travis.yml", "Travis deploy block", '''
deploy:
  provider: s3
  access_key_id: «I1»
  secret_access_key: "«S1»"
  bucket: travis-art
  skip_cleanup: true
''')
F("travis_env.yml", "Travis env global on one line", '''
env:
  global:
    - AWS_ACCESS_KEY_ID=«I1» AWS_SECRET_ACCESS_KEY=«S1» COVERALLS=«aln32»
''')
F("gitlab-ci.yml", "GitLab variables and a second pair in a script", '''
variables:
  AWS_ACCESS_KEY_ID: «I1»
  AWS_SECRET_ACCESS_KEY: «S1»
  GIT_STRATEGY: fetch
deploy prod:
  script:
    - export AWS_ACCESS_KEY_ID=«I2»
    - export AWS_SECRET_ACCESS_KEY=«S2»
    - aws s3 sync public s3://prod
''')
F("Jenkinsfile", "environment block", '''
pipeline {
  agent any
  environment {
    AWS_ACCESS_KEY_ID = '«I1»'
    AWS_SECRET_ACCESS_KEY = '«S1»'
    SONAR_TOKEN = '«hex40»'
  }
}
''')
F("ec2_play.yml", "Ansible module parameters", '''
- name: launch
  ec2:
    key_name: ops
    instance_type: t2.micro
    aws_access_key: «I1»
    aws_secret_key: «S1»
    wait: yes
''')
F("s3_tasks.yml", "Ansible inline key=value task", '''
  - s3: bucket=ans object=/x src=/tmp/x mode=put aws_access_key=«I1» aws_secret_key=«S1»
  - debug: msg=done
''')
F("salt_cloud.conf", "Salt cloud provider id and key", '''
my-ec2:
  id: '«I1»'
  key: '«S1»'
  keyname: ops
  private_key: /etc/salt/ops.pem
  driver: ec2
''')
F("params.pp", "Puppet class parameters", '''
class { 'backup::s3':
  bucket            => 'pp',
  access_key_id     => '«I1»',
  secret_access_key => '«S1»',
}
''')
F("databag_aws.json", "Chef data bag whose id is no key id", '''
{
  "id": "aws",
  "main": { "aws_access_key_id": "«I1»", "aws_secret_access_key": "«S1»", "ec2_private_key": "" }
}
''')
F("template.packer.json", "Packer builder", '''
{
  "variables": { "sha": "«hex40»" },
  "builders": [{
    "type": "amazon-ebs",
    "access_key": "«I1»",
    "secret_key": "«S1»",
    "region": "us-east-1", "source_ami": "ami-«hex17»"
  }]
}
''')
F("main.tf", "Terraform providers with alias", '''
provider "aws" {
  region     = "us-east-1"
  access_key = "«I1»"
  secret_key = "«S1»"
}

provider "aws" {
  alias      = "dns"
  region     = "us-east-1"
  access_key = "«I2»"
  secret_key = "«S2»"
}
''')
F("variables.tf", "Terraform variable blocks with default", '''
variable "aws_access_key" {
  description = "AWS access key"
  default     = "«I1»"
}

variable "aws_secret_key" {
  description = "AWS secret access key"
  default     = "«S1»"
}

variable "cloudflare_token" {
  default = "«b64u40»"
}
''')
F("prod.tfvars", "tfvars with other providers' tokens", '''
do_token       = "«hex64»"
aws_access_key = "«I1»"
aws_secret_key = "«S1»"
gh_token       = "«hex40»"
''')
F("terraform.tfstate", "state of aws_iam_access_key", '''
{
  "version": 4, "serial": 12, "lineage": "«uuid»",
  "resources": [{
    "mode": "managed", "type": "aws_iam_access_key", "name": "ses",
    "instances": [{
      "attributes": {
        "id": "«I1»",
        "pgp_key": null,
        "secret": "«S1»",
        "ses_smtp_password": null,
        "status": "Active",
        "user": "ses"
      }
    }]
  }]
}
''')
F("tf_output.txt", "terraform output", '''
Apply complete! Resources: 3 added, 0 changed, 0 destroyed.

Outputs:

deploy_access_key_id = «I1»
deploy_bucket = site-prod
deploy_secret_access_key = «S1»
zone_id = Z«up13»
''')
F("Pulumi.dev.yaml", "Pulumi config", '''
config:
  aws:region: us-west-2
  aws:accessKey: «I1»
  aws:secretKey: «S1»
''')
F("serverless.yml", "serverless environment with names of one's own", '''
service: thumbs
provider:
  name: aws
  runtime: nodejs10.x
  environment:
    MY_KEY_ID: «I1»
    MY_KEY_SECRET: «S1»
    SLACK_SIGNING_SECRET: «hex32»
''')
F("stack.template.json", "CloudFormation parameters with Default", '''
{
  "Parameters": {
    "AccessKeyId": { "Type": "String", "Default": "«I1»" },
    "SecretAccessKey": { "Type": "String", "NoEcho": true, "Default": "«S1»" }
  }
}
''')
F("cloud-init.yaml", "cloud-init write_files content", '''
#cloud-config
write_files:
- path: /root/.aws/credentials
  permissions: '0600'
  content: |
    [default]
    aws_access_key_id = «I1»
    aws_secret_access_key = «S1»
runcmd:
- [sh, -c, "aws s3 cp s3://boot/x /x"]
''')
F("eb.ebextensions.config", "option_settings name/value in YAML", '''
option_settings:
  - option_name: AWS_ACCESS_KEY_ID
    value: «I1»
  - option_name: AWS_SECRET_KEY
    value: «S1»
  - option_name: RAILS_ENV
    value: production
''')
F("vault_setup.sh", "vault write aws/config/root", r'''
vault secrets enable aws
vault write aws/config/root \
    access_key=«I1» \
    secret_key=«S1» \
    region=us-east-1
''')
F("consul_kv.sh", "consul kv put, one line each", '''
consul kv put app/aws/access_key «I1»
consul kv put app/aws/secret_key «S1»
consul kv put app/build «hex40»
''')
F("app.service", "systemd Environment lines", '''
[Service]
User=app
Environment="AWS_ACCESS_KEY_ID=«I1»"
Environment="AWS_SECRET_ACCESS_KEY=«S1»"
ExecStart=/usr/bin/app
''')
F("supervisord.conf", "supervisord environment on one line", '''
[program:worker]
command=/srv/worker
environment=AWS_ACCESS_KEY_ID="«I1»",AWS_SECRET_ACCESS_KEY="«S1»",LANG="C"
''')
F("Makefile.deploy", "make variables", '''
AWS_ACCESS_KEY_ID ?= «I1»
AWS_SECRET_ACCESS_KEY ?= «S1»
SHA := «hex40»

deploy:
	aws s3 sync _site s3://blog --delete
''')
# ---------------------------------------------------------------- shell
F("profile.sh", "export, token of another service between", '''
export EDITOR=vim
export AWS_ACCESS_KEY_ID=«I1»
export HOMEBREW_GITHUB_API_TOKEN=«hex40»
export AWS_SECRET_ACCESS_KEY="«S1»"
export HEROKU_API_KEY=«uuid»
''')
F("setup.csh", "csh setenv", '''
setenv EC2_HOME /opt/ec2
setenv AWS_ACCESS_KEY «I1»
setenv AWS_SECRET_KEY «S1»
''')
F("config.fish", "fish set -gx", '''
set -gx AWS_ACCESS_KEY_ID «I1»
set -gx AWS_SECRET_ACCESS_KEY «S1»
''')
F("deploy.bat", "Windows set, CRLF", '''
@echo off
set AWS_ACCESS_KEY_ID=«I1»
set AWS_SECRET_ACCESS_KEY=«S1»
setx AWS_DEFAULT_REGION us-east-1
aws s3 sync . s3://win
''', post=lambda t: t.replace("\n", "\r\n").encode())
F("bash_history.txt", "history with the flags of the EC2 tools", '''
cd src
ec2-describe-instances -O «I1» -W «S1» --region eu-west-1
git checkout «hex40»
exit
''')
F("configure_session.txt", "aws configure transcript", '''
ines@box:~$ aws configure
AWS Access Key ID [None]: «I1»
AWS Secret Access Key [None]: «S1»
Default region name [None]: us-east-1
Default output format [None]: json
ines@box:~$ aws s3 ls
''')
F("configure_set.sh", "aws configure set with a profile", '''
aws configure set aws_access_key_id «I1» --profile bot
aws configure set aws_secret_access_key «S1» --profile bot
aws configure set region us-west-2 --profile bot
''')
F("case_env.sh", "case branches", '''
case "$1" in
  stage)
    KEY=«I1»
    SECRET=«S1»
    ;;
  prod)
    KEY=«I2»
    SECRET=«S2»
    ;;
esac
''')
F("s3_curl.sh", "signature by hand, generic names", r'''
file=$1
bucket=drop
s3Key=«I1»
s3Secret=«S1»
stringToSign="PUT\n\n${contentType}\n${dateValue}\n${resource}"
signature=`echo -en ${stringToSign} | openssl sha1 -hmac ${s3Secret} -binary | base64`
''')
F("airflow.env", "Airflow connection URIs, percent-encoded", '''
AIRFLOW__CORE__FERNET_KEY=«b64u43»=
AIRFLOW_CONN_AWS_DEFAULT=aws://«I1»:«S1|pct»@/?region_name=eu-west-1
AIRFLOW_CONN_PG=postgres://af:«aln12»@db:5432/af
''')
F("airflow_connections.json", "Airflow connections export, another password of 40", r'''
{
  "aws_lake": {"conn_type": "aws", "login": "«I1»", "password": "«S1»", "host": null, "extra": "{\"region_name\": \"us-east-1\"}"},
  "pg": {"conn_type": "postgres", "login": "af", "password": "«aln40»", "host": "db"}
}
''')
F("fetch_dump.sh", "https URL with user information", '''
curl -fsS https://«I1»:«S1|pct»@dumps.s3.amazonaws.com/latest.tgz | tar xz
''')
F("notify.conf", "URL with dashed query parameters", '''
url = s3://bucket?access-key-id=«I1»&secret-access-key=«S1|pct»&region=us-east-1
''')
# ---------------------------------------------------------------- JSON, CSV and other data
F("create_access_key.json", "answer of create-access-key", '''
{
    "AccessKey": {
        "UserName": "deploy",
        "AccessKeyId": "«I1»",
        "Status": "Active",
        "SecretAccessKey": "«S1»",
        "CreateDate": "2020-02-11T09:44:01Z"
    }
}
''')
F("assume_role.json", "answer of assume-role", '''
{
  "AssumedRoleUser": {"AssumedRoleId": "AROA«up17»:dev", "Arn": "arn:aws:sts::«dig12»:assumed-role/dev/dev"},
  "Credentials": {
    "SecretAccessKey": "«S1»",
    "SessionToken": "«T1»",
    "Expiration": "2022-08-01T12:00:00Z",
    "AccessKeyId": "«I1»"
  }
}
''')
F("imds.txt", "instance metadata with Token, in a terminal log", '''
$ curl http://169.254.169.254/latest/meta-data/iam/security-credentials/web
{
  "Code" : "Success",
  "LastUpdated" : "2019-06-01T10:11:12Z",
  "Type" : "AWS-HMAC",
  "AccessKeyId" : "«I1»",
  "SecretAccessKey" : "«S1»",
  "Token" : "«T1»",
  "Expiration" : "2019-06-01T16:11:12Z"
}
''')
F("sts_export.sh", "export lines pasted from the sign-in portal", '''
export AWS_ACCESS_KEY_ID="«I1»"
export AWS_SECRET_ACCESS_KEY="«S1»"
export AWS_SESSION_TOKEN="«T1»"
''')
F("api.postman_collection.json", "Postman auth awsv4 array, secret before id", '''
{"auth": {"type": "awsv4", "awsv4": [
  {"key": "service", "value": "execute-api", "type": "string"},
  {"key": "secretKey", "value": "«S1»", "type": "string"},
  {"key": "region", "value": "us-east-1", "type": "string"},
  {"key": "accessKey", "value": "«I1»", "type": "string"}
]}}
''')
F("dev.postman_environment.json", "Postman environment values", '''
{"id": "«uuid»", "name": "dev", "values": [
  {"key": "aws_access_key", "value": "«I1»", "enabled": true},
  {"key": "aws_secret_key", "value": "«S1»", "enabled": true},
  {"key": "github_token", "value": "«hex40»", "enabled": true}
]}
''')
F("insomnia.json", "Insomnia request authentication", '''
{"_type": "request", "name": "sign", "authentication": {"type": "iam", "disabled": false,
 "accessKeyId": "«I1»", "secretAccessKey": "«S1»", "sessionToken": "", "region": "eu-west-1", "service": "es"}}
''')
F("escaped_nested.json", "JSON inside a JSON string, slashes escaped", r'''
{"topic":"cfg","payload":"{\"s3\":{\"accessKeyId\":\"«I1»\",\"secretAccessKey\":\"«S1|js»\",\"bucket\":\"q\"}}"}
''')
F("php_encoded.json", "JSON with escaped slashes", '''
{"driver":"s3","key":"«I1»","secret":"«S1|js»","url":"https:\\/\\/s3.amazonaws.com\\/x"}
''')
F("gson_dump.json", "JSON with unicode escapes", '''
{"accessKey":"«I1»","secretKey":"«S1|uni»","endpoint":"s3.amazonaws.com"}
''')
F("accounts_array.json", "array of objects", '''
[
  {"name": "one", "accessKeyId": "«I1»", "secretAccessKey": "«S1»"},
  {"name": "two", "accessKeyId": "«I2»", "secretAccessKey": "«S2»"},
  {"name": "three", "secretAccessKey": "«S3»", "accessKeyId": "«I3»"}
]
''')
F("config_services.json", "many services, one of them AWS, 40 character tokens labelled", '''
{
  "github": {"client_id": "«hex20»", "client_secret": "«hex40»"},
  "dropbox": {"app_key": "«low15»", "app_secret": "«low15»"},
  "aws": {"key": "«I1»", "secret": "«S1»", "bucket": "svc"},
  "linode": {"token": "«hex64»"},
  "vimeo": {"client_id": "«hex40»", "client_secret": "«rnd128»"}
}
''')
F("aws.json", "aws-sdk loadFromPath file", '''
{ "accessKeyId": "«I1»", "secretAccessKey": "«S1»", "region": "us-west-2" }
''')
F("mcp_config.json", "environment of a server in a JSON settings file", '''
{"mcpServers": {"s3": {"command": "npx", "args": ["-y", "s3-server"],
  "env": {"AWS_ACCESS_KEY_ID": "«I1»", "AWS_REGION": "us-east-1", "AWS_SECRET_ACCESS_KEY": "«S1»"}}}}
''')
F("report.ipynb", "notebook cell, one string a line", r'''
{"cells": [{"cell_type": "code", "execution_count": 3, "metadata": {}, "outputs": [], "source": [
  "import boto3\n",
  "ACCESS_KEY = \"«I1»\"\n",
  "SECRET_KEY = \"«S1»\"\n",
  "s3 = boto3.client('s3', aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY)"
]}], "nbformat": 4, "nbformat_minor": 2, "metadata": {}}
''')
F("explore.ipynb", "notebook shell cell and printed output", r'''
{"cells": [
 {"cell_type": "code", "metadata": {}, "source": ["%env AWS_ACCESS_KEY_ID=«I1»\n", "%env AWS_SECRET_ACCESS_KEY=«S1»"],
  "outputs": [{"name": "stdout", "output_type": "stream", "text": ["env: AWS_ACCESS_KEY_ID=«I1»\n", "env: AWS_SECRET_ACCESS_KEY=«S1»\n"]}]}
], "nbformat": 4}
''')
F("accessKeys.csv", "console download with BOM", '''
\ufeffAccess key ID,Secret access key
«I1»,«S1»
''')
F("credentials.csv", "console download, older columns", '''
User name,Password,Access key ID,Secret access key,Console login link
ines,,«I1»,«S1»,https://«dig12».signin.aws.amazon.com/console
''')
F("new_users.csv", "many users", '''
"User Name","Access Key Id","Secret Access Key"
"ana","«I1»","«S1»"
"bruno","«I2»","«S2»"
"chloe","«I3»","«S3»"
"dev-ci","«I4»","«S4»"
''')
F("inventory.tsv", "tab-separated, secret column before id", '''
account	secret	key	region
main	«S1»	«I1»	us-east-1
lab	«S2»	«I2»	eu-west-1
''')
F("rootkey.csv", "old rootkey.csv", '''
AWSAccessKeyId=«I1»
AWSSecretKey=«S1»
''', post=lambda t: t.replace("\n", "\r\n").encode())
F("strings.xml", "Android string resources", '''
<resources>
    <string name="app_name">Snap</string>
    <string name="google_maps_key">AIza«b64u35»</string>
    <string name="aws_access_key">«I1»</string>
    <string name="aws_secret_key">«S1»</string>
</resources>
''')
F("gradle.properties", "gradle.properties, camel case", '''
org.gradle.jvmargs=-Xmx2g
awsAccessKeyId=«I1»
awsSecretAccessKey=«S1»
signing.password=«aln12»
''')
F("build_app.gradle", "buildConfigField with escaped quotes", r'''
buildConfigField "String", "AWS_KEY", "\"«I1»\""
buildConfigField "String", "AWS_SECRET", "\"«S1»\""
buildConfigField "String", "GIT_SHA", "\"«hex40»\""
''')
F("Info.plist", "plist key and string", '''
<plist version="1.0"><dict>
	<key>AWSAccessKey</key>
	<string>«I1»</string>
	<key>AWSSecretKey</key>
	<string>«S1»</string>
	<key>FabricAPIKey</key>
	<string>«hex40»</string>
</dict></plist>
''')
F("Release.xcconfig", "xcconfig", '''
AWS_ACCESS_KEY = «I1»
AWS_SECRET_KEY = «S1»
PRODUCT_NAME = Snap
''')
F("app.toml", "TOML tables for two services", '''
[queue]
kind = "sqs"
access_key_id = "«I1»"
secret_access_key = "«S1»"

[mail]
kind = "ses"
access_key_id = "«I2»"
secret_access_key = "«S2»"
''')
F("multi.ini", "INI sections per environment, generic labels", '''
[dev]
key = «I1»
secret = «S1»
[live]
key = «I2»
secret = «S2»
''')
F("site.pillar.sls", "YAML map in one line", '''
backup: {bucket: sls, keyid: «I1», key: '«S1»', region: us-east-1}
''')
F("form.html", "HTML inputs with value, entities in the secret", '''
<form><input type="text" name="aws_key" value="«I1»">
<input type="password" name="aws_secret" value="«S1|html»">
<input type="hidden" name="csrf" value="«hex40»"></form>
''')
F("wiki_page.html", "HTML table row", '''
<table><tr><th>User</th><th>Access key</th><th>Secret key</th></tr>
<tr><td>upload</td><td><code>«I1»</code></td><td><code>«S1»</code></td></tr>
<tr><td>reader</td><td><code>«I2»</code></td><td><code>«S2»</code></td></tr></table>
''')
# ---------------------------------------------------------------- documents, logs, mail
F("README_setup.md", "fenced .env in a README", '''
## Setup

Create `.env`:

```
MONGO_URL=mongodb://localhost/app
AWS_ACCESS_KEY_ID=«I1»
AWS_SECRET_ACCESS_KEY=«S1»
S3_BUCKET=readme-up
```

then `docker-compose up`. Last known good build: «hex40».
''')
F("ONBOARDING.md", "prose with back ticks", '''
Ask nobody, just use the shared user: the access key is `«I1»` and the secret is `«S1»`. The
bucket is `team-share`.
''')
F("accounts.md", "Markdown table", '''
| Account | Access Key ID | Secret Access Key | Owner |
|---|---|---|---|
| sandbox | «I1» | «S1» | Ana |
| billing | `«I2»` | `«S2»` | Bruno |
''')
F("NOTES.txt", "notes with labels on lines of their own", '''
AWS IAM user s3-uploader

Access Key ID:
«I1»

Secret Access Key:
«S1»

Twilio auth token: «hex32»
''')
F("keys.rst", "reStructuredText literal block, >>> prompt", '''
Usage::

    >>> from store import S3
    >>> s = S3("«I1»", "«S1»")
    >>> s.list()
''')
F("quoted_readme.md", "quoted credentials file in Markdown", '''
> Put this in `~/.aws/credentials`:
>
>     [default]
>     aws_access_key_id=«I1»
>     aws_secret_access_key=«S1»
''')
F("app.log", "debug dump of options, Python repr", '''
2018-04-02 11:20:01 DEBUG settings {'REGION': 'us-east-1', 'AWS_ACCESS_KEY_ID': u'«I1»', 'AWS_SECRET_ACCESS_KEY': u'«S1»', 'RELEASE': '«hex40»'}
2018-04-02 11:20:02 INFO started pid=411
''')
F("catalina.out", "Java toString of a bean", '''
02-Apr-2018 11:20:01.123 INFO [main] o.x.Cfg S3Properties(bucket=jv, accessKey=«I1», secretKey=«S1», pathStyle=false)
02-Apr-2018 11:20:01.200 INFO [main] o.x.Cfg commit «hex40»
''')
F("build_output.txt", "set -x trace in a CI log", '''
+ export AWS_ACCESS_KEY_ID=«I1»
+ AWS_ACCESS_KEY_ID=«I1»
+ export AWS_SECRET_ACCESS_KEY=«S1»
+ AWS_SECRET_ACCESS_KEY=«S1»
+ git rev-parse HEAD
«hex40»
''')
F("remove_keys.patch", "diff that replaces a pair", '''
diff --git a/config/aws.yml b/config/aws.yml
index «hex7»..«hex7» 100644
--- a/config/aws.yml
+++ b/config/aws.yml
@@ -1,4 +1,4 @@
 production:
-  access_key_id: «I1»
-  secret_access_key: «S1»
+  access_key_id: «I2»
+  secret_access_key: «S2»
   bucket: pics
''')
F("handover.eml", "mail in quoted-printable", '''
From: ops@orchard.test
Subject: keys
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Hi,

AWS_ACCESS_KEY_ID=3D«I1»
AWS_SECRET_ACCESS_KEY=3D«S1|qp»

Regards
''')
F("env_dump.txt", "UTF-16 with BOM, from PowerShell's >", '''
Name                           Value
----                           -----
AWS_ACCESS_KEY_ID              «I1»
AWS_REGION                     us-east-1
AWS_SECRET_ACCESS_KEY          «S1»
''', post=lambda t: b"\xff\xfe" + t.replace("\n", "\r\n").encode("utf-16-le"))
F("issue_comment.md", "answer to an issue, stack trace after it", '''
I still get this with

    S3_KEY="«I1»"
    S3_SECRET="«S1»"

and the error:

    botocore.exceptions.ClientError: An error occurred (SignatureDoesNotMatch)
    RequestId «up16», HostId «rnd55»=
''')
F("wsse_debug.txt", "var_dump of an array", '''
array(3) {
  ["key"]=>
  string(20) "«I1»"
  ["secret"]=>
  string(40) "«S1»"
  ["region"]=>
  string(9) "us-east-1"
}
''')
F("irb_inspect.txt", "Ruby inspect of a hash", '''
=> {:bucket=>"pics", :access_key_id=>"«I1»", :secret_access_key=>"«S1»", :digest=>"«hex40»"}
''')
F("heroku_config.txt", "heroku config listing", '''
=== orchard Config Vars
AWS_ACCESS_KEY_ID:        «I1»
AWS_SECRET_ACCESS_KEY:    «S1»
DATABASE_URL:             postgres://u«low14»:p«hex64»@ec2-1-2-3-4.compute-1.amazonaws.com:5432/d«low13»
MAILGUN_API_KEY:          key-«hex32»
SECRET_KEY_BASE:          «hex128»
''')
F("neighbours.env", "40-character tokens of others on both sides", '''
GITHUB_CLIENT_SECRET=«hex40»
DROPBOX_ACCESS_TOKEN=«rnd40»
AWS_ACCESS_KEY_ID=«I1»
TWITTER_SECRET=«aln40»
AWS_SECRET_ACCESS_KEY=«S1»
TRELLO_SECRET=«rnd40»
HEROKU_OAUTH_SECRET=«uuid»
''')
F("two_apps.env", "two keys with prefixes of their own", '''
MEDIA_AWS_ACCESS_KEY_ID=«I1»
MEDIA_AWS_SECRET_ACCESS_KEY=«S1»
MEDIA_BUCKET=media
BACKUP_AWS_ACCESS_KEY_ID=«I2»
BACKUP_AWS_SECRET_ACCESS_KEY=«S2»
BACKUP_BUCKET=backup
''')
F("ids_then_secrets.env", "both ids first, then both secrets, joined by their prefixes", '''
MEDIA_S3_KEY_ID=«I1»
BACKUP_S3_KEY_ID=«I2»
MEDIA_S3_SECRET_KEY=«S1»
BACKUP_S3_SECRET_KEY=«S2»
''')
F("commented.env", "old pair in comments with a date", '''
# until 2016-03
#S3_ACCESS_KEY=«I1»
#S3_SECRET_KEY=«S1»
S3_ACCESS_KEY=«I2»
S3_SECRET_KEY=«S2»
''')
F("temp_no_token.env", "temporary id, token missing", '''
AWS_ACCESS_KEY_ID=«I1»
AWS_SECRET_ACCESS_KEY=«S1»
AWS_REGION=us-east-1
''', asia="1")
F("spaces_quotes.env", "space around = and single quotes", '''
S3_KEY = '«I1»'
S3_ENDPOINT = 's3-us-west-2.amazonaws.com'
S3_SECRET = '«S1»'
PUSHER_SECRET = '«hex20»'
''')

# ================================================================ silence: no pair is in these
EXI, EXS = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
EXI2, EXS2 = "AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"

Q("q_docs_configure.md", "AWS documentation example", '''
$ aws configure
AWS Access Key ID [None]: %s
AWS Secret Access Key [None]: %s
Default region name [None]: us-west-2
''' % (EXI, EXS))
Q("q_docs_profiles.rst", "two documentation profiles", '''
[default]
aws_access_key_id=%s
aws_secret_access_key=%s

[user1]
aws_access_key_id=%s
aws_secret_access_key=%s
''' % (EXI, EXS, EXI2, EXS2))
Q("q_test_mask.py", "placeholder id and secret in a test", '''
def test_mask():
    os.environ["AWS_ACCESS_KEY_ID"] = "AKIAXXXXXXXXXXXXXXXX"
    os.environ["AWS_SECRET_ACCESS_KEY"] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    assert mask("commit «hex40»") == "commit «hex40»"
''')
Q("q_env_sample.txt", "sample with words for values", '''
AWS_ACCESS_KEY_ID=YOUR_ACCESS_KEY_ID
AWS_SECRET_ACCESS_KEY=YOUR_SECRET_ACCESS_KEY
APP_SECRET=«hex40»
''')
Q("q_moto_conftest.py", "moto's dummy credentials", '''
os.environ["AWS_ACCESS_KEY_ID"] = "testing"
os.environ["AWS_SECRET_ACCESS_KEY"] = "testing"
os.environ["AWS_SESSION_TOKEN"] = "testing"
KEY_ID = "«L1»"  # an id only, used to test the parser
SHA = "«hex40»"
''')
Q("q_release_notes.md", "lone id beside commit hashes", '''
### 2.4.1
- scrub access key «L1» from fixtures (thanks!) — «hex40»
- bump boto3 — «hex40»
- typo — «hex40»
''')
Q("q_changelog.txt", "conventional changelog with links and an id", '''
* revoke «L1» ([«hex7»](https://github.com/o/r/commit/«hex40»))
* docs ([«hex7»](https://github.com/o/r/commit/«hex40»)), closes [#12](https://github.com/o/r/issues/12)
''')
Q("q_presigned_v4.json", "presigned URL, signature version 4", '''
{"url": "https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=«L1»%2F20200101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20200101T000000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=«hex64»"}
''')
Q("q_presigned_v2.html", "presigned URLs, signature version 2", '''
<a href="https://b.s3.amazonaws.com/a.zip?AWSAccessKeyId=«L1»&amp;Expires=1570000000&amp;Signature=«rnd27»%3D">a</a>
<a href="https://b.s3.amazonaws.com/b.zip?AWSAccessKeyId=«L1»&amp;Expires=1570000000&amp;Signature=«rnd27»%3D">b</a>
''')
Q("q_vcr_s3.yml", "VCR cassette with AWS4 header", '''
http_interactions:
- request:
    method: put
    uri: https://b.s3.amazonaws.com/x
    headers:
      Authorization:
      - AWS4-HMAC-SHA256 Credential=«L1»/20190101/us-east-1/s3/aws4_request, SignedHeaders=content-md5;host;x-amz-date, Signature=«hex64»
      Content-Md5: ["«rnd22»=="]
  response:
    headers:
      X-Amz-Id-2: ["«rnd75»="]
      Etag: ['"«hex32»"']
''')
Q("q_vcr_v2.yml", "VCR cassette with version 2 header", '''
- request:
    method: get
    headers:
      Authorization: ["AWS «L1»:«rnd27»="]
      User-Agent: [fog/1.36.0]
  response:
    body: {string: "<ListBucketResult><Owner><ID>«hex64»</ID></Owner></ListBucketResult>"}
''')
Q("q_policy_form.html", "browser POST form with policy and signature", '''
<form action="https://up.s3.amazonaws.com/" method="post">
<input type="hidden" name="AWSAccessKeyId" value="«L1»">
<input type="hidden" name="policy" value="⟦b64|{"expiration":"2020-01-01T00:00:00Z","conditions":[{"bucket":"up"},["starts-with","$key",""]]}⟧">
<input type="hidden" name="signature" value="«rnd27»=">
<input type="hidden" name="csrf_token" value="«hex40»"></form>
''')
Q("q_iam_api_model.json", "API model with example id and long shape names", '''
{"shapes": {"accessKeyIdType": {"type": "string", "min": 16, "max": 128, "pattern": "[\\\\w]+"},
 "GetOrganizationsAccessReportResponseShape": {"type": "structure"},
 "UpdateOpenIDConnectProviderThumbprintRequest": {"type": "structure"}},
 "examples": {"ListAccessKeys": [{"output": {"AccessKeyMetadata": [{"AccessKeyId": "%s", "Status": "Active", "UserName": "Alice"}]}}]}}
''' % EXI)
Q("q_api_examples.json", "API example with a lone random id", '''
{"GetAccessKeyLastUsed": {"input": {"AccessKeyId": "«L1»"}, "output": {"UserName": "Bob",
  "AccessKeyLastUsed": {"Region": "us-east-1", "ServiceName": "iam"}}, "comments": {},
  "id": "get-access-key-last-used-«dig13»", "shape": "GenerateServiceLastAccessedDetailsRequest"}}
''')
Q("q_package-lock.json", "lock file with integrity values and an id in a comment field", '''
{"name": "front", "lockfileVersion": 2, "_deployedBy": "«L1»", "packages": {
 "node_modules/a": {"version": "1.0.0", "resolved": "https://registry.npmjs.org/a/-/a-1.0.0.tgz", "integrity": "sha512-«rnd86»=="},
 "node_modules/b": {"version": "2.0.0", "integrity": "sha1-«rnd27»="}}}
''')
Q("q_yarn.lock", "yarn lock resolved hashes", '''
aws4@^1.8.0:
  version "1.8.0"
  resolved "https://registry.yarnpkg.com/aws4/-/aws4-1.8.0.tgz#«hex40»"
  integrity sha512-«rnd86»==
# published with «L1»
b@1:
  resolved "https://registry.yarnpkg.com/b/-/b-1.0.0.tgz#«hex40»"
''')
Q("q_sri.html", "subresource integrity beside a public S3 form id", '''
<script src="https://cdn.test/a.js" integrity="sha384-«rnd64»" crossorigin="anonymous"></script>
<script src="https://cdn.test/b.js" integrity="sha256-«rnd43»="></script>
<script>var keyId = "«L1»";</script>
''')
Q("q_go.sum", "go.sum with an id in a comment", '''
// «L1»
github.com/aws/aws-sdk-go v1.34.0 h1:«rnd43»=
github.com/aws/aws-sdk-go v1.34.0/go.mod h1:«rnd43»=
''')
Q("q_cargo.lock", "Cargo.lock checksums and git hash", '''
# generated for «L1»
[[package]]
name = "rusoto_core"
version = "0.47.0"
source = "git+https://github.com/rusoto/rusoto#«hex40»"
checksum = "«hex64»"
''')
Q("q_cloudtrail.json", "CloudTrail event", '''
{"Records": [{"eventVersion": "1.05", "userIdentity": {"type": "IAMUser", "principalId": "AIDA«up17»",
 "arn": "arn:aws:iam::«dig12»:user/Alice", "accessKeyId": "«L1»", "userName": "Alice"},
 "eventName": "PutObject", "requestID": "«uuid»", "eventID": "«uuid»", "additionalEventData": {"x-amz-id-2": "«rnd75»="}}]}
''')
Q("q_list_keys.txt", "aws iam list-access-keys", '''
{
    "AccessKeyMetadata": [
        {"UserName": "ci", "AccessKeyId": "«L1»", "Status": "Active", "CreateDate": "2019-01-01T00:00:00Z"},
        {"UserName": "ci", "AccessKeyId": "«L2»", "Status": "Inactive", "CreateDate": "2018-01-01T00:00:00Z"}
    ]
}
''')
Q("q_github_secret.env", "id whose secret is kept elsewhere, GitHub's secret below", '''
AWS_ACCESS_KEY_ID=«L1»
AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY}
GITHUB_CLIENT_ID=«hex20»
GITHUB_CLIENT_SECRET=«hex40»
''')
Q("q_actions_secret.yml", "secret by reference in a workflow, action pinned by hash", '''
      - uses: aws-actions/configure-aws-credentials@«hex40»
        with:
          aws-access-key-id: «L1»
          aws-secret-access-key: ${{ secrets.AWS_SECRET_ACCESS_KEY }}
          aws-region: us-east-1
''')
Q("q_travis_secure.yml", "secret encrypted by Travis", '''
deploy:
  provider: s3
  access_key_id: «L1»
  secret_access_key:
    secure: «rnd171»=
  bucket: art
''')
Q("q_k8s_secretref.yaml", "secretKeyRef and an image digest", '''
        image: app:«hex40»
        env:
        - name: AWS_ACCESS_KEY_ID
          value: «L1»
        - name: AWS_SECRET_ACCESS_KEY
          valueFrom:
            secretKeyRef: {name: aws, key: secret}
''')
Q("q_ansible_vault.yml", "ansible-vault value", '''
aws_access_key: «L1»
aws_secret_key: !vault |
  $ANSIBLE_VAULT;1.1;AES256
  «dig80»
  «dig80»
  «dig62»
''')
Q("q_sops.yaml", "SOPS-encrypted secret", '''
aws_access_key_id: «L1»
aws_secret_access_key: ENC[AES256_GCM,data:«rnd54»==,iv:«rnd43»=,tag:«rnd22»==,type:str]
sops: {kms: [], lastmodified: "2021-01-01T00:00:00Z", mac: "ENC[AES256_GCM,data:«rnd118»,type:str]"}
''')
Q("q_aes_tokens.env", "40-character tokens of other services, no AWS secret", '''
S3_BUCKET=up
CLOUDFRONT_KEY_PAIR_ID=APKA«up16»
DROPBOX_TOKEN=«rnd40»
TWITTER_SECRET=«aln40»
NEW_RELIC_LICENSE_KEY=«hex40»
''')
Q("q_iam_ids.md", "unique ids that are no keys, hashes near", '''
| entity | id | deployed |
|---|---|---|
| user | AIDA«up17» | «hex40» |
| role | AROA«up17» | «hex40» |
| group | AGPA«up17» | «hex40» |
''')
Q("q_scanner_rules.toml", "a scanner's own rules", '''
[[rules]]
id = "aws-access-token"
regex = \'\'\'(A3T[A-Z0-9]|AKIA|AGPA|AIDA|AROA|ASIA)[A-Z0-9]{16}\'\'\'
[[rules]]
id = "aws-secret"
regex = \'\'\'(?i)aws(.{0,20})?(?-i)['"][0-9a-zA-Z\\\\/+]{40}['"]\'\'\'
[allowlist]
commits = ["«hex40»", "«hex40»"]
''')
Q("q_gitleaks_report.json", "a report with a redacted secret", '''
[{"Description": "AWS", "StartLine": 3, "Match": "«L1»", "Secret": "REDACTED", "File": "a.env",
  "Commit": "«hex40»", "Author": "Ines", "Fingerprint": "«hex40»:a.env:aws:3"}]
''')
Q("q_sign_vectors.txt", "SigV4 test vector", '''
access key: AKIDEXAMPLE
secret: wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
authz: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=«hex64»
''')
Q("q_svn_log.txt", "revision log with an id in a message", '''
commit «hex40»
Author: Ines <ines@orchard.test>

    rotate «L1»

commit «hex40»
Merge: «hex7» «hex7»
''')
Q("q_placeholder.ts", "input placeholders", '''
<TextField label="Access key" placeholder="%s" />
<TextField label="Secret key" placeholder="%s" type="password" />
''' % (EXI, EXS))
Q("q_masked.log", "masked secret in a log, id in clear", '''
INFO using key «L1» secret ****************************************
INFO build «hex40» image sha256:«hex64»
INFO request «uuid» ok
''')
Q("q_terraform_ref.tf", "secret by reference, module pinned by hash", '''
provider "aws" {
  access_key = "«L1»"
  secret_key = var.aws_secret_key
}
module "vpc" { source = "git::https://github.com/o/vpc.git?ref=«hex40»" }
''')
Q("q_tf_plan.txt", "terraform state with the secret encrypted by PGP", '''
"attributes": {
  "encrypted_secret": "wcBMA«rnd260»",
  "id": "«L1»",
  "key_fingerprint": "«hex40»",
  "pgp_key": "keybase:ines", "secret": "", "status": "Active", "user": "ci"
}
''')
Q("q_long_paths.txt", "paths and class names of forty characters by an id", '''
owner «L1»
lib/foo/AbstractRepositoryConfigurationProviderFactory.java
com/orchard/service/impl/UserAccountServiceImplTestBase
app/assets/javascripts/components/form/dialogs/index
''')
Q("q_git_objects.txt", "ls-tree output and an id", '''
100644 blob «hex40»	keys/«L1».txt
100644 blob «hex40»	README.md
040000 tree «hex40»	src
''')
Q("q_docker_digest.yml", "digests and an id in a label", '''
services:
  a:
    image: a@sha256:«hex64»
    labels: {uploader: «L1», vcs-ref: «hex40»}
''')
Q("q_ssm_lookup.py", "secret fetched at run time", '''
KEY_ID = "«L1»"
secret = ssm.get_parameter(Name="/app/aws/secret_access_key", WithDecryption=True)["Parameter"]["Value"]
EXPECTED_ETAG = "«hex32»"
MODEL_SHA1 = "«hex40»"
''')
Q("q_base64_blob.pem", "base64 lines of a certificate beside an id", '''
# signed for «L1»
-----BEGIN CERTIFICATE-----
«rnd64»
«rnd64»
«rnd40»
-----END CERTIFICATE-----
''')


if __name__ == "__main__":
    main()
