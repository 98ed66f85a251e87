//! Keys as arguments without names.

use super::draft::Draft;
use super::names::Style;
use super::random::Random;
use super::stems::STEMS;

/// Calls that take an id and its secret: the text before, between and after them.
const CALLS: [(&str, &str, &str, &str); 16] = [
    ("Java, positional", "new BasicAWSCredentials(\"", "\", \"", "\");"),
    ("Java, positional", "AwsBasicCredentials.create(\"", "\", \"", "\");"),
    ("Java, positional", "new BasicAWSCredentials(\n        \"", "\",\n        \"", "\"\n    );"),
    ("Go, positional", "credentials.NewStaticCredentials(\"", "\", \"", "\", \"\")"),
    ("Go, positional", "aws.Auth{\"", "\", \"", "\"}"),
    ("Go, positional", "minio.New(\"s3.amazonaws.com\", \"", "\", \"", "\", true)"),
    ("Python, positional", "S3Connection('", "', '", "')"),
    ("Python, positional", "boto.connect_s3('", "', '", "')"),
    ("Python, positional", "boto.connect_s3(\n    '", "',\n    '", "',\n)"),
    ("Python, positional", "Session(\"", "\", \"", "\", region_name=\"eu-west-1\")"),
    ("PHP, positional", "new S3('", "', '", "');"),
    ("PHP, positional", "new Credentials(\"", "\", \"", "\");"),
    ("Ruby, positional", "Aws::Credentials.new('", "', '", "')"),
    ("C#, positional", "new AmazonS3Client(\"", "\", \"", "\", RegionEndpoint.EUWest1);"),
    ("JavaScript, positional", "new AWS.Credentials('", "', '", "');"),
    ("JavaScript, positional", "createClient(\"s3\", \"", "\", \"", "\");"),
];

/// Rows of a list of keys.
const TUPLES: [(&str, &str, &str, &str); 5] = [
    ("list of tuples", "accounts = [\n", "    (\"{t}\", \"{i}\", \"{s}\"),\n", "]\n"),
    ("list of tuples", "ACCOUNTS = [", "['{t}', '{i}', '{s}'], ", "]\n"),
    ("list of tuples", "[\n", "  [\"{i}\", \"{s}\", \"{t}\"],\n", "]\n"),
    ("calls with a name", "", "add_account('{t}', '{i}', '{s}')\n", ""),
    ("calls with a name", "", "keys.put(\"{t}\", new Key(\"{i}\", \"{s}\"));\n", ""),
];

/// A tuple or a call for each key; some have no secret.
pub fn tuples(random: &mut Random) -> Draft {
    let (layout, head, row, foot) = *random.pick(&TUPLES);
    let mut draft = Draft::new(layout);
    draft.body += head;
    let start = random.below(STEMS.len());
    for index in 0..draft.count(random, 8) {
        let title = STEMS[(start + index * 7) % STEMS.len()].replace(' ', "_");
        let (id, secret) = if random.chance(12) {
            draft.has("id without its secret");
            (draft.lone_id(random), String::new())
        } else {
            draft.certain(random)
        };
        let row = row.replace("{t}", &title).replace("{i}", &id).replace("{s}", &secret);
        draft.body += &row;
    }
    draft.body += foot;
    draft
}

const LINES: [&str; 8] = [
    "log(\"upload done\");",
    "retries = 3;",
    "hash = sha1(image);",
    "client.timeout(30);",
    "token = session.next();",
    "bucket = \"my-bucket\";",
    "rev = commit.short();",
    "",
];

/// Calls, a line or more each, with other code around them.
pub fn positional(random: &mut Random) -> Draft {
    let (layout, before, between, after) = *random.pick(&CALLS);
    let mut draft = Draft::new(layout);
    let start = random.below(STEMS.len());
    for index in 0..draft.count(random, 6) {
        for _ in 0..random.below(3) {
            decoy(random, &mut draft, layout);
        }
        let (id, secret) = draft.certain(random);
        let name = super::draft::spelled(STEMS[(start + index * 7) % STEMS.len()], Style::Snake);
        let name = name.trim_start_matches(|first: char| first.is_ascii_digit());
        draft.body += &format!("{name} = {before}{id}{between}{secret}{after}\n");
        for _ in 0..random.below(3) {
            decoy(random, &mut draft, layout);
        }
    }
    draft
}

/// A line of code between the calls.
fn decoy(random: &mut Random, draft: &mut Draft, layout: &str) {
    let hash = if layout.starts_with("Python") || layout.starts_with("Ruby") { "#" } else { "//" };
    let line = match random.below(12) {
        0 => {
            draft.has("another service's secret");
            format!("github = connect(\"github\", \"{}\");", draft.foreign(random))
        }
        1 => {
            draft.has("id without its secret");
            format!("revoke(\"{}\");", draft.lone_id(random))
        }
        2 => {
            draft.has("old id in a comment");
            format!("{hash} old key: {}", draft.lone_id(random))
        }
        3 => format!("revision = \"{}\";", random.hex(40)),
        4 => {
            draft.has("another service's secret");
            format!("setApiToken(\"{}\");", draft.foreign(random))
        }
        _ => (*random.pick(&LINES)).to_owned(),
    };
    draft.body += &format!("{line}\n");
}
