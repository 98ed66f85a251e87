//! Decoys next to keys: other settings, other services' secrets, hashes, ids of another use.

use super::names::Name;
use super::plan::{Allows, Line, Plan};
use super::random::Random;

/// Comments of configuration files.
pub const REMARKS: [&str; 16] = [
    "storage",
    "do not commit",
    "see the wiki",
    "rotate every 90 days",
    "uploads",
    "image hash and revision",
    "credentials of the service",
    "TODO: move to vault",
    "the token is read by the client",
    "needs s3:PutObject",
    "shared with the web team",
    "rev 3, signed off by ops",
    "[storage]",
    "image",
    "client",
    "password: ask ops",
];

/// A setting that is not a secret; many have words of hashes, tokens and services in their names.
pub fn setting(random: &mut Random) -> Line {
    let (name, value) = match random.below(33) {
        0 => ("upload dir", "/srv/uploads".to_owned()),
        1 => ("image tag", format!("v{}.{}", random.below(9), random.below(30))),
        2 => ("git sha", random.hex(40)),
        3 => ("checksum", random.hex(64)),
        4 => ("build hash", random.hex(32)),
        5 => ("request id", random.uuid()),
        6 => ("rev", random.below(99).to_string()),
        7 => ("token ttl", "3600".to_owned()),
        8 => ("aws region", "eu-west-1".to_owned()),
        9 => ("region", "us-east-1".to_owned()),
        10 => ("bucket", format!("app-{}", random.hex(4))),
        11 => ("s3 bucket", "my-bucket".to_owned()),
        12 => ("log level", "info".to_owned()),
        13 => ("database url", "postgres://db.internal:5432/app".to_owned()),
        14 => ("redis host", "redis.internal".to_owned()),
        15 => ("max connections", random.between(5, 500).to_string()),
        16 => ("client timeout", "30".to_owned()),
        17 => ("image name", "registry.internal/app".to_owned()),
        18 => ("public key path", "/etc/ssl/app.pem".to_owned()),
        19 => ("session name", "web".to_owned()),
        20 => ("signature version", "v4".to_owned()),
        21 => ("endpoint", "https://s3.eu-west-1.amazonaws.com".to_owned()),
        22 => ("cert path", "/etc/ssl/certs".to_owned()),
        23 => ("hash rounds", "12".to_owned()),
        24 => ("debug", "false".to_owned()),
        25 => ("password min length", "12".to_owned()),
        26 => ("key prefix", "app/".to_owned()),
        27 => ("secret name", "app-config".to_owned()),
        28 => ("github token", format!("ghp_{}", random.letters(36))),
        29 => ("allowed hosts", "[web, api]".to_owned()),
        30 => ("api key header", "x-api-key".to_owned()),
        31 => ("secret rotation days", "90".to_owned()),
        _ => ("app port", random.between(1024, 9999).to_string()),
    };
    Line::Field(Name::new(name), value)
}

/// Names of other services' secrets.
const FOREIGN: [&str; 24] = [
    "database password",
    "db password",
    "secret key base",
    "api token",
    "github client secret",
    "github token",
    "jwt secret",
    "session secret",
    "cookie secret",
    "stripe secret key",
    "slack signing secret",
    "mail password",
    "redis password",
    "encryption key",
    "sentry auth token",
    "npm token",
    "twilio auth token",
    "google client secret",
    "facebook app secret",
    "admin password",
    "django secret key",
    "rabbitmq password",
    "webhook secret",
    "sonar token",
];

/// Another service's secret of 40 characters.
fn foreign(random: &mut Random, plan: &mut Plan) -> Line {
    let value = if random.chance(60) { random.secret() } else { random.letters(40) };
    plan.truth.foreign.push(value.clone());
    // `STRIPE_SECRET_KEY` next to `STRIPE_ACCESS_KEY` would be its secret.
    let name = loop {
        let name = *random.pick(&FOREIGN);
        let service = name.split(' ').next().unwrap_or_default();
        if !plan.blocks.iter().any(|block| block.mentions(service)) {
            break name;
        }
    };
    Line::Field(Name::new(name), value)
}

/// Puts lines somewhere into a block, between an id and its secret as well.
fn insert(random: &mut Random, plan: &mut Plan, lines: Vec<Line>) {
    if plan.blocks.is_empty() {
        plan.blocks.push(super::plan::Block { title: "main".to_owned(), lines });
        return;
    }
    let block = random.below(plan.blocks.len());
    let block = &mut plan.blocks[block].lines;
    let at = random.below(block.len() + 1);
    block.splice(at..at, lines);
}

/// Adds decoys to a text.
pub fn add(random: &mut Random, plan: &mut Plan, allows: Allows) {
    if random.chance(12) {
        plan.traits.insert("mail user");
        let id = random.id();
        plan.truth.lone_ids.push(id.clone());
        let name = *random.pick(&[
            ["mail", "username"],
            ["smtp", "user"],
            ["mail", "host user"],
            ["mailer", "user"],
        ]);
        let name = Name(name.map(str::to_owned).to_vec());
        let mut lines = vec![Line::Field(name, id)];
        if random.chance(40) {
            lines.push(Line::Field(Name::new("mail password"), String::new()));
        }
        insert(random, plan, lines);
    }
    if random.chance(30) {
        plan.traits.insert("another service's secret");
        for _ in 0..random.between(1, 2) {
            let line = foreign(random, plan);
            insert(random, plan, vec![line]);
        }
    }
    if allows.comments && random.chance(12) {
        in_comment(random, plan);
    }
    if random.chance(6) {
        signed(random, plan);
    }
    if random.chance(10) {
        nameless(random, plan);
    }
    if random.chance(8) {
        plan.traits.insert("random data");
        let line = random_data(random);
        insert(random, plan, vec![line]);
    }
    if allows.comments && random.chance(8) {
        rotated(random, plan);
    }
}

/// A key that is gone, or a remark on one that is not, in a comment.
fn in_comment(random: &mut Random, plan: &mut Plan) {
    let words =
        *random.pick(&["old key:", "was", "previous key", "rotated 2021-03-04:", "revoked:"]);
    let known = plan.truth.keys.first().map(|key| key.id.clone());
    let (trait_, value) = match (random.below(10), known) {
        (0 | 1, Some(id)) => {
            let line = Line::Note(format!("created for {id}"));
            plan.traits.insert("the same id in a comment");
            return insert(random, plan, vec![line]);
        }
        (2 | 3, Some(_)) if plan.truth.lone_ids.is_empty() => {
            let secret = random.secret();
            plan.truth.loose.push(secret.clone());
            ("old secret in a comment", secret)
        }
        _ => {
            let id = random.id();
            plan.truth.lone_ids.push(id.clone());
            ("old id in a comment", id)
        }
    };
    plan.traits.insert(trait_);
    let note = format!("{words} {value}");
    if random.chance(30) {
        plan.traits.insert("comment after a line");
        let line = setting(random);
        insert(random, plan, vec![line, Line::Trailing(note)]);
    } else {
        insert(random, plan, vec![Line::Note(note)]);
    }
}

/// The id of a signed request.
fn signed(random: &mut Random, plan: &mut Plan) {
    plan.traits.insert("signed request");
    let id = random.id();
    plan.truth.loose.push(id.clone());
    let url = match random.below(2) {
        0 => format!(
            "https://b.s3.amazonaws.com/o?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={id}%2F20240501%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Signature={}",
            random.hex(64)
        ),
        _ => format!(
            "https://b.s3.amazonaws.com/o?AWSAccessKeyId={id}&Expires=1714557600&Signature=x"
        ),
    };
    insert(random, plan, vec![Line::Field(Name::new("download url"), url)]);
}

/// A secret under a name that says neither whose nor of what, in a record whose own is named.
fn nameless(random: &mut Random, plan: &mut Plan) {
    let complete = |block: &super::plan::Block| {
        let holds = |value: &str| {
            block.lines.iter().any(|line| matches!(line, Line::Field(_, other) if other == value))
        };
        plan.truth.keys.iter().any(|key| holds(&key.id) && holds(&key.secret))
    };
    let lone = !plan.truth.lone_ids.is_empty();
    let blocks: Vec<usize> =
        (0..plan.blocks.len()).filter(|index| complete(&plan.blocks[*index])).collect();
    if blocks.is_empty() || lone {
        return;
    }
    plan.traits.insert("nameless password");
    let block = *random.pick(&blocks);
    let value = random.secret();
    plan.truth.foreign.push(value.clone());
    let name = *random.pick(&["password", "token", "passphrase", "salt", "auth"]);
    let lines = &mut plan.blocks[block].lines;
    let at = random.below(lines.len() + 1);
    lines.insert(at, Line::Field(Name::new(name), value));
}

/// Data that is not a secret at all, and not in hexadecimal digits.
fn random_data(random: &mut Random) -> Line {
    let (name, value) = match random.below(6) {
        0 => ("integrity", format!("sha512-{}{}==", random.secret(), random.secret())),
        1 => ("etag", random.secret()[..32].to_owned()),
        2 => ("content md5", format!("{}==", &random.secret()[..22])),
        3 => ("jwt", format!("eyJhbGciOiJIUzI1NiJ9.{}.{}", random.letters(40), random.letters(43))),
        4 => (
            "logo",
            format!("data:image/png;base64,iVBORw0KGgo{}{}", random.secret(), random.secret()),
        ),
        _ => ("commit", random.hex(40)),
    };
    Line::Field(Name::new(name), value)
}

/// The key that a key replaced, commented out under the same names.
fn rotated(random: &mut Random, plan: &mut Plan) {
    let is = |value: &str, of: &str| value == of;
    let Some(key) = plan.truth.keys.first().cloned() else { return };
    let (id, secret) = (random.id(), random.secret());
    let mut at = 0;
    for block in &mut plan.blocks {
        let find = |lines: &[Line], of: &str| {
            lines.iter().position(|line| matches!(line, Line::Field(_, value) if is(value, of)))
        };
        let (Some(first), Some(last)) =
            (find(&block.lines, &key.id), find(&block.lines, &key.secret))
        else {
            continue;
        };
        let name = |line: &Line| match line {
            Line::Field(name, _) => name.clone(),
            _ => Name::new(""),
        };
        let off_id = Line::Off(name(&block.lines[first]), id.clone());
        let off_secret = Line::Off(name(&block.lines[last]), secret.clone());
        at += 1;
        if random.chance(50) {
            plan.traits.insert("rotated key in comments above");
            let top = first.min(last);
            block.lines.splice(top..top, [off_id, off_secret]);
        } else {
            plan.traits.insert("rotated halves in comments");
            let order = if first < last {
                [(last, off_secret), (first, off_id)]
            } else {
                [(first, off_id), (last, off_secret)]
            };
            for (place, line) in order {
                block.lines.insert(place, line);
            }
        }
        break;
    }
    if at > 0 {
        let join = super::truth::Join::Certain;
        plan.truth.keys.push(super::truth::Key { id, secret, join });
    }
}
