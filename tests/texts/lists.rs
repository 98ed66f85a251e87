//! Lists of ids and lists of secrets.

use super::draft::Draft;
use super::names::Style;
use super::random::Random;
use super::truth::Join;

/// So many keys.
fn halves(random: &mut Random, draft: &mut Draft, join: Join, most: usize) -> [Vec<String>; 2] {
    let count = random.between(2, most);
    draft.has("several keys");
    let keys: Vec<(String, String)> = (0..count).map(|_| draft.key(random, join)).collect();
    let (ids, secrets) = keys.into_iter().unzip();
    [ids, secrets]
}

/// The length of a list: mostly short, sometimes longer than any reach.
fn longest(random: &mut Random) -> usize {
    *random.pick(&[3, 4, 4, 5, 6, 8, 12, 16, 30, 60])
}

/// Bare ids, then bare secrets: only their order joins them.
pub fn bare(random: &mut Random) -> Draft {
    let mut draft = Draft::new("lists, bare");
    let most = longest(random);
    let [ids, secrets] = halves(random, &mut draft, Join::Ordered, most);
    let (first, second) =
        *random.pick(&[("", "\n"), ("Access keys:\n", "\nSecret keys:\n"), ("", "")]);
    let bullet = *random.pick(&["", "- ", "  "]);
    let lines = |list: &[String]| list.iter().map(|one| format!("{bullet}{one}\n")).collect();
    let (ids, secrets): (String, String) = (lines(&ids), lines(&secrets));
    draft.body = format!("{first}{ids}{second}{secrets}");
    draft
}

/// The same in brackets.
pub fn arrays(random: &mut Random) -> Draft {
    let mut draft = Draft::new("lists, arrays");
    let most = longest(random).min(12);
    let [ids, secrets] = halves(random, &mut draft, Join::Ordered, most);
    let between = *random.pick(&[", ", ",\n    "]);
    let list = |list: &[String]| {
        list.iter().map(|one| format!("\"{one}\"")).collect::<Vec<_>>().join(between)
    };
    let (ids, secrets) = (list(&ids), list(&secrets));
    draft.body = match random.below(3) {
        0 => format!("{{\"accessKeys\": [{ids}],\n \"secretKeys\": [{secrets}]}}\n"),
        1 => format!("access_keys = [\n    {ids}\n]\nsecret_keys = [\n    {secrets}\n]\n"),
        _ => format!("AWS_KEYS = ({ids})\nAWS_SECRETS = ({secrets})\n"),
    };
    draft
}

/// Lists under headings, with numbers in front.
pub fn numbered(random: &mut Random) -> Draft {
    let mut draft = Draft::new("lists, numbered");
    let most = longest(random);
    let [ids, secrets] = halves(random, &mut draft, Join::Certain, most);
    let mark = *random.pick(&[". ", ") ", ": "]);
    let mut order: Vec<usize> = (0..ids.len()).collect();
    let lines = |list: &[String], order: &[usize]| -> String {
        order.iter().map(|index| format!("{}{mark}{}\n", index + 1, list[*index])).collect()
    };
    draft.body = format!("Access keys:\n{}", lines(&ids, &order));
    if random.chance(25) {
        draft.has("in another order");
        random.shuffle(&mut order);
    }
    draft.body += &format!("\nSecret keys:\n{}", lines(&secrets, &order));
    draft
}

/// Numbered names: all ids, then all secrets.
pub fn numbered_names(random: &mut Random) -> Draft {
    let mut draft = Draft::new("lists, numbered names");
    let most = longest(random);
    let [ids, secrets] = halves(random, &mut draft, Join::Certain, most);
    let (id, secret) = *random.pick(&[
        ("AWS_KEY_", "AWS_SECRET_"),
        ("ACCESS_KEY_ID_", "SECRET_ACCESS_KEY_"),
        ("aws_access_key", "aws_secret_key"),
    ]);
    let from = random.below(2);
    let gaps = random.chance(25);
    let absent = if gaps { random.below(ids.len()) } else { ids.len() };
    if gaps {
        draft.has("id without its secret");
        draft.truth.keys.retain(|key| key.id != ids[absent]);
        draft.truth.lone_ids.push(ids[absent].clone());
    }
    let mut order: Vec<usize> = (0..ids.len()).collect();
    let lines = |name: &str, list: &[String], order: &[usize]| -> String {
        order.iter().map(|index| format!("{name}{}={}\n", index + from, list[*index])).collect()
    };
    draft.body = lines(id, &ids, &order);
    if random.chance(25) {
        draft.has("in another order");
        random.shuffle(&mut order);
    }
    order.retain(|index| *index != absent);
    draft.body += &lines(secret, &secrets, &order);
    draft
}

/// An id and its secret by turns.
pub fn alternating(random: &mut Random) -> Draft {
    let mut draft = Draft::new("lists, alternating");
    let most = longest(random);
    let [ids, secrets] = halves(random, &mut draft, Join::Certain, most);
    let reversed = random.chance(30);
    // Without a blank line only the order says which is whose, except for the values at both ends.
    let gap = if reversed { "\n" } else { *random.pick(&["", "\n", "---\n"]) };
    if reversed {
        draft.has("secret first");
    }
    for (id, secret) in ids.iter().zip(&secrets) {
        let (first, last) = if reversed { (secret, id) } else { (id, secret) };
        draft.body += &format!("{first}\n{last}\n{gap}");
    }
    draft
}

/// `ID:SECRET`, a line each.
pub fn passwd(random: &mut Random) -> Draft {
    let mut draft = Draft::new("passwd-s3fs");
    let most = longest(random);
    let [ids, secrets] = halves(random, &mut draft, Join::Certain, most);
    let bucket = random.chance(40);
    let mark = *random.pick(&[":", ":", " ", ",", "|", " / ", "\t"]);
    for (id, secret) in ids.iter().zip(&secrets) {
        if random.chance(10) {
            draft.has("old id in a comment");
            let id = draft.lone_id(random);
            draft.body += &format!("# revoked {id}\n");
        }
        if bucket {
            draft.body += &format!(
                "{}-{}{mark}",
                super::draft::spelled("my bucket", Style::Kebab),
                random.hex(3)
            );
        }
        draft.body += &format!("{id}{mark}{secret}\n");
    }
    draft
}
