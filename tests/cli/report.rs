//! `keysweep report`: filters, groups, several reports, comparisons and tickets, as a user types
//! them.

use std::fs;

use serde_json::Value;

use crate::support::{Keys, Pair, Project, Ran, key_ids};

mod diff;
mod ticket;

/// Two repositories with owners, a shared key and a key of each, and a file outside of them.
pub(super) struct Swept {
    pub(super) project: Project,
    pub(super) shared: Pair,
    pub(super) own: [Pair; 2],
    pub(super) lone: String,
}

pub(super) fn swept(name: &str) -> Swept {
    let mut keys = Keys::new(name);
    let project = Project::new();
    let (shared, own) = (keys.pair(), [keys.pair(), keys.pair()]);
    for (folder, pair) in ["one", "two"].into_iter().zip(&own) {
        let at = format!("all/{folder}");
        project.git_in(&at, &["init", "-q", "-b", "main"]);
        project.file(format!("{at}/conf/shared.env"), &shared.env);
        project.file(format!("{at}/own.env"), &pair.env);
        let owners = format!("* @org/{folder}\n/conf/ @org/conf conf@example.com\n");
        project.file(format!("{at}/.github/CODEOWNERS"), owners);
        project.git_in(&at, &["add", "-A"]).git_in(&at, &["commit", "-q", "-m", folder]);
    }
    let lone = keys.id();
    project.file("all/notes.txt", format!("{lone}\n"));
    let swept = project.keysweep(["sweep", "all", "-o", "json=a.json"]).run().exits(1);
    drop(swept);
    Swept { project, shared, own, lone }
}

fn sorted(ids: &[&str]) -> Vec<String> {
    let mut ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    ids.sort();
    ids
}

fn json(project: &Project, arguments: &[&str]) -> (Ran, Value) {
    let ran = project.keysweep([arguments, &["--format", "json"]].concat()).run();
    let report = ran.json();
    (ran, report)
}

#[test]
fn filters_keep_what_they_name_and_say_what_they_hide() {
    let Swept { project, shared, own: [one, two], lone } = swept("report filters");
    let account = {
        let (_, report) = json(&project, &["report", "a.json"]);
        let findings = report["findings"].as_array().expect("findings").clone();
        let of_one = findings.iter().find(|it| it["key_id"] == one.id.as_str()).expect("it");
        of_one["account_id"].as_str().expect("an account").to_owned()
    };
    project.file("names.csv", format!("id,name\n{account},Prod\n"));
    let (s, a, b, l) = (shared.id.as_str(), one.id.as_str(), two.id.as_str(), lone.as_str());
    let of_account = format!("account={account}");
    for (filter, kept, places) in [
        (&["--only", "rule=aws-access-key"][..], &[s, a, b][..], 0),
        (&["--not", "rule=aws-access-key"], &[l], 0),
        (&["--only", "severity=note"], &[l], 0),
        (&["--only", "severity=note", "--only", "severity=error"], &[s, a, b, l], 0),
        (&["--only", "severity=note", "--only", "rule=aws-access-key"], &[], 0),
        (&["--only", "verdict=not-checked"], &[s, a, b, l], 0),
        (&["--only", "verdict=active"], &[], 0),
        (&["--only", "repository=one"], &[s, a], 1),
        (&["--not", "repository=one"], &[s, b, l], 1),
        (&["--only", &of_account], &[a], 0),
        (&["--only", "account=Prod", "--accounts", "names.csv"], &[a], 0),
        (&["--only", "path=conf/"], &[s], 0),
        (&["--only", "path=own.env", "--only", "repository=two"], &[b], 0),
        (&["--not", "path=*.env"], &[l], 0),
        (&["--only", "author=t@example.org"], &[s, a, b], 0),
        (&["--only", "author=T"], &[s, a, b], 0),
        (&["--not", "author=T <t@example.org>"], &[l], 0),
        (&["--only", "owner=@org/two"], &[b], 0),
        (&["--only", "owner=CONF@example.com"], &[s], 0),
        (&["--only", "owner=no known owner"], &[l], 0),
        (&["--only", "since=2023-11-14"], &[s, a, b, l], 0),
        // A finding without a date counts as new.
        (&["--only", "since=2023-11-15"], &[l], 0),
        (&["--not", "since=2023-11-15"], &[s, a, b], 0),
    ] {
        let (ran, report) = json(&project, &[&["report", "a.json"], filter].concat());
        assert_eq!(key_ids(&report), sorted(kept), "{filter:?}");
        assert_eq!(report["filter"]["hidden"], 4 - kept.len(), "{filter:?}");
        assert_eq!(report["filter"]["places"], places, "{filter:?}");
        assert!(report["filter"]["by"][0].as_str().expect("a text").contains(filter[1]));
        let fails = kept.iter().any(|id| *id != l);
        assert_eq!(ran.code, Some(i32::from(fails)), "{filter:?}: {}", ran.stderr);
    }
    // A filter on a filtered report adds to it.
    let ran =
        project.keysweep(["report", "a.json", "--only", "owner=@org/two", "-o", "json=b.json"]);
    ran.run().exits(1);
    let (_, report) = json(&project, &["report", "b.json", "--only", "severity=note"]);
    assert_eq!((&report["filter"]["hidden"], key_ids(&report).len()), (&Value::from(4), 0));
    assert_eq!(report["filter"]["by"].as_array().map(Vec::len), Some(2));
}

#[test]
fn nothing_looks_clean_because_of_a_filter() {
    let Swept { project, .. } = swept("report clean");
    for format in [
        "text", "short", "json", "jsonl", "sarif", "gitlab", "github", "junit", "csv", "markdown",
        "html",
    ] {
        let filter = ["report", "a.json", "--only", "verdict=active", "--quiet"];
        let ran = project.keysweep([&filter[..], &["--format", format]].concat()).run().exits(0);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert!(all.contains("hidden"), "{format}: {all}");
        // Formats with a place for it say it themselves.
        let says = !matches!(format, "short" | "csv");
        assert_eq!(ran.stdout.contains("hidden"), says, "{format}: {}", ran.stdout);
        assert!(!ran.stdout.contains("No findings.") && !ran.stdout.contains("Nothing was found."));
    }
}

#[test]
fn a_report_can_be_grouped() {
    let Swept { project, shared, own, lone } = swept("report groups");
    let ran = project.keysweep(["report", "a.json", "--group-by", "owner"]).run().exits(1);
    let part = |name: &str| {
        let text = ran.stdout.split_once(&format!("== {name}: ")).expect(name).1;
        let text = text.split("\nWhat to do first").next().expect("a part");
        text.split("\n== ").next().expect("a part").to_owned()
    };
    for (name, inside, outside) in [
        ("@org/conf", &shared.id, &own[0].id),
        ("conf@example.com", &shared.id, &lone),
        ("@org/one", &own[0].id, &own[1].id),
        ("@org/two", &own[1].id, &shared.id),
        ("no known owner", &lone, &shared.id),
    ] {
        let part = part(name);
        assert!(
            part.contains(inside.as_str()) && !part.contains(outside.as_str()),
            "{name}: {part}"
        );
    }
    let ran = project.keysweep(["report", "a.json", "--group-by", "repository", "-f", "markdown"]);
    let text = ran.run().exits(1).stdout;
    assert!(text.contains("#### `one`: 2 findings") && text.contains("#### `two`: 2 findings"));
    let ran =
        project.keysweep(["report", "a.json", "--group-by", "path", "-f", "csv"]).run().exits(2);
    assert!(ran.stderr.contains("text and markdown, not with csv"), "{}", ran.stderr);
    for field in ["rule", "severity", "verdict", "account", "path"] {
        let ran = project.keysweep(["report", "a.json", "--group-by", field]).run().exits(1);
        assert!(ran.stdout.contains("== "), "{field}");
    }
}

#[test]
fn several_reports_are_one_and_stay_incomplete() {
    let mut keys = Keys::new("report merge");
    let project = Project::new();
    let (shared, own) = (keys.pair(), keys.pair());
    project.file("a/x.env", &shared.env).file("b/x.env", format!("\n{}{}", shared.env, own.env));
    project.keysweep(["scan", "a", "-o", "json=1.json"]).run().exits(1);
    project.keysweep(["scan", "b", "missing", "-o", "jsonl=2.jsonl"]).run().exits(1);
    let (ran, report) = json(&project, &["report", "1.json", "2.jsonl", "--fail-on", "never"]);
    assert_eq!(ran.code, Some(3));
    assert_eq!(key_ids(&report), sorted(&[&shared.id, &own.id]));
    let coverage = &report["coverage"];
    assert_eq!((&coverage["files"], &coverage["complete"]), (&Value::from(2), &Value::from(false)));
    let both = report["findings"].as_array().expect("findings").iter();
    let both = both.max_by_key(|it| it["occurrences"].as_array().map(Vec::len)).expect("one");
    let places: Vec<String> = both["occurrences"]
        .as_array()
        .expect("places")
        .iter()
        .map(|place| format!("{}:{}", place["target"], place["path"]))
        .collect();
    // Equal paths of two folders stay apart.
    assert_eq!(places, ["\"a\":\"x.env\"", "\"b\":\"x.env\""], "{report:#}");
    let named: Vec<&Value> =
        coverage["targets"].as_array().expect("targets").iter().map(|it| &it["name"]).collect();
    assert_eq!(named, ["a", "b"]);
    // The same report twice is that report.
    let (_, twice) = json(&project, &["report", "1.json", "1.json"]);
    assert_eq!(key_ids(&twice), [shared.id.as_str()]);
    assert_eq!(twice["findings"][0]["occurrences"].as_array().map(Vec::len), Some(1));
    // From standard input, once.
    let text = fs::read(project.at("1.json")).expect("a report");
    let ran = project.keysweep(["report", "-", "2.jsonl"]).input(&text).run().exits(1);
    assert!(ran.stdout.contains(&own.id) && ran.stdout.contains(&shared.id));
    project.keysweep(["report", "-", "-"]).input(&text).run().exits(2);
}

#[test]
fn partials_are_reports_too() {
    let Swept { project, shared, .. } = swept("report partials");
    project.keysweep(["sweep", "all", "--partial", "p.jsonl", "--quiet"]).run();
    let (_, merged) = json(&project, &["merge", "p.jsonl"]);
    let (ran, report) = json(&project, &["report", "p.jsonl"]);
    assert_eq!((ran.code, report), (Some(1), merged));
    // It is the same sweep as the report of it, with the owners of each place.
    let (_, both) = json(&project, &["report", "a.json", "p.jsonl"]);
    let (_, one) = json(&project, &["report", "a.json"]);
    assert_eq!(both["findings"], one["findings"]);
    let ran = project.keysweep(["report", "p.jsonl", "--only", "owner=@org/conf"]).run().exits(1);
    assert!(ran.stdout.contains(&shared.id), "{}", ran.stdout);
    let (_, report) = json(&project, &["report", "--diff", "a.json", "p.jsonl"]);
    assert_eq!(report["still_there"].as_array().map(Vec::len), Some(4), "{report:#}");
    // Its last line knows how many targets come before it.
    let text = fs::read_to_string(project.at("p.jsonl")).expect("a partial");
    let lines: Vec<&str> = text.lines().collect();
    project.file("lost.jsonl", format!("{}\n{}\n", lines[0], lines[lines.len() - 1]));
    let ran = project.keysweep(["report", "lost.jsonl"]).run().exits(3);
    assert!(ran.stderr.contains("targets come before it, not 0"), "{}", ran.stderr);
}

#[test]
fn mistakes_are_named_with_the_way_out() {
    let Swept { project, .. } = swept("report mistakes");
    let text = fs::read_to_string(project.at("a.json")).expect("a report");
    let lines = project.keysweep(["report", "a.json", "-f", "jsonl"]).run().exits(1).stdout;
    let without_last: String = lines.lines().take(2).map(|line| format!("{line}\n")).collect();
    let sarif = project.keysweep(["report", "a.json", "-f", "sarif"]).run().exits(1).stdout;
    let gitlab = project.keysweep(["report", "a.json", "-f", "gitlab"]).run().exits(1).stdout;
    let other = sarif
        .replace("\"name\": \"keysweep\"", "\"name\": \"other\"")
        .replace("\"name\":\"keysweep\"", "\"name\":\"other\"");
    for (name, text, why) in [
        ("empty", String::new(), "it is empty"),
        ("text", "keysweep 0.1.0 scan\n".to_owned(), "it is not JSON"),
        ("gitlab", gitlab, "not a report of keysweep"),
        ("other.sarif", other, "not a report of keysweep"),
        ("other", "{\"findings\": []}".to_owned(), "not a report of keysweep"),
        ("list", "[]".to_owned(), "not a report of keysweep"),
        ("newer", text.replace("\"schema\": 2", "\"schema\": 3"), "use a newer keysweep"),
        (
            "no-version",
            text.replace("\"schema\": 2", "\"schema\": \"x\""),
            "`schema` is not a version",
        ),
        ("cut", text[..text.len() / 2].to_owned(), "it is not complete"),
        ("cut.jsonl", without_last, "its last line"),
        ("half.jsonl", lines[..lines.len() - 9].to_owned(), "ends too early"),
        ("more.jsonl", format!("{lines}{lines}"), "there is more after the last line"),
        (
            "print",
            text.replacen("\"fingerprint\": \"", "\"fingerprint\": \"x", 1),
            "32 lower-case hex",
        ),
        ("column", text.replace("\"column\":19", "\"column\":0"), "lines and columns count from 1"),
        (
            "severity",
            text.replace("\"severity\": \"error\"", "\"severity\": \"bad\""),
            "unknown variant `bad`",
        ),
        ("missing", text.replace("\"complete\":", "\"x\":"), "missing field `complete`"),
        (
            "places",
            text.replacen("\"occurrences\": [", "\"occurrences\": [], \"x\": [", 1),
            "at least one entry",
        ),
    ] {
        project.file(format!("bad/{name}"), text);
        let ran = project.keysweep(["report", &format!("bad/{name}")]).run().exits(2);
        let place = format!("keysweep: bad/{name}: ");
        assert!(
            ran.stderr.starts_with(&place) && ran.stderr.contains(why),
            "{name}: {}",
            ran.stderr
        );
        assert!(ran.stdout.is_empty());
    }
    // A device has no end.
    for arguments in
        [&["report", "/dev/zero"][..], &["report", "a.json", "--accounts", "/dev/zero"]]
    {
        let ran = project.keysweep(arguments).run().exits(2);
        let why = "/dev/zero: not a regular file: name a file, or - for standard input";
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
    }
}

#[test]
fn a_mistyped_option_is_named_with_a_suggestion() {
    let Swept { project, .. } = swept("report options");
    for (arguments, why) in [
        (&["--only", "ruel=x"][..], "did you mean 'rule'?"),
        (&["--not", "sevrity=note"], "did you mean 'severity'?"),
        (&["--only", "rule=aws-acces-key"], "did you mean 'aws-access-key'?"),
        (&["--only", "severity=eror"], "did you mean 'error'?"),
        (&["--only", "verdict=actve"], "did you mean 'active'?"),
        (&["--only", "repository=tow"], "did you mean 'two'?"),
        (&["--only", "account=1"], "12 digits"),
        (&["--only", "since=monday"], "YYYY-MM-DD"),
        (&["--only", "path=["], "glob '['"),
        (&["--only", "rule"], "FIELD=VALUE"),
        (&["--only", "rule="], "is missing"),
        (&["--fail-on", "active"], "needs a report with verdicts"),
        (&["--accounts", "missing.csv"], "--accounts missing.csv: "),
        (&["--accounts", "a.json"], "list-accounts"),
        (&["--group-by", "ownr"], "owner"),
        (&["missing.json"], "missing.json: "),
    ] {
        let ran = project.keysweep([&["report", "a.json"], arguments].concat()).run().exits(2);
        assert!(ran.stderr.contains(why), "{arguments:?}: {}", ran.stderr);
    }
    // A name that nothing has may be right: the keys may be gone.
    let ran = project.keysweep(["report", "a.json", "--only", "owner=@org/on"]).run().exits(0);
    assert!(ran.stderr.contains("no finding has it; did you mean '@org/one'?"), "{}", ran.stderr);
}

#[test]
fn accounts_have_names_in_every_format_that_shows_accounts() {
    let Swept { project, .. } = swept("report accounts");
    let (_, report) = json(&project, &["report", "a.json"]);
    let findings = report["findings"].as_array().expect("findings");
    let accounts = findings.iter().map(|it| it["account_id"].as_str().expect("an account"));
    let listed: Vec<String> = accounts
        .map(|id| {
            format!("{{\"Id\": \"{id}\", \"Name\": \"Team <b>|`x`\", \"Status\": \"ACTIVE\"}}")
        })
        .collect();
    project.file("names.json", format!("{{\"Accounts\": [{}]}}", listed.join(",")));
    let named = ["report", "a.json", "--accounts", "names.json", "-o", "json=named.json"];
    project.keysweep(named).run().exits(1);
    // The names are in the report from then on.
    for (format, shown) in [
        ("text", "(Team <b>|`x`)"),
        ("csv", "Team <b>|`x`"),
        ("json", "\"account_name\": \"Team <b>|`x`\""),
        ("sarif", "\"accountName\":\"Team <b>|`x`\""),
    ] {
        let text = project.keysweep(["report", "named.json", "-f", format]).run().exits(1).stdout;
        assert!(text.contains(shown), "{format}: {text}");
    }
}

#[test]
fn every_command_names_the_code_owners() {
    let mut keys = Keys::new("report owners");
    let project = Project::new();
    project.git(&["init", "-q", "-b", "main"]);
    project.file("docs/CODEOWNERS", "* @old\n/src/ @src\n").file("src/a.env", keys.pair().env);
    project.git(&["add", "-A"]).git(&["commit", "-q", "-m", "one"]);
    project.file("src/b.env", keys.pair().env).git(&["add", "-A"]);
    project.git(&["commit", "-q", "-m", "two"]);
    project.file("src/c.env", keys.pair().env).git(&["add", "-A"]);
    // The work tree has other owners than HEAD.
    project.file(".github/CODEOWNERS", "* @new\n");
    let owners = |arguments: &[&str]| {
        let (_, report) = json(&project, arguments);
        let places = report["findings"][0]["occurrences"].clone();
        places[0]["owners"].to_string()
    };
    for (arguments, expected) in [
        (&["scan"][..], "[\"@new\"]"),
        (&["scan", "src"], "[\"@new\"]"),
        (&["history"], "[\"@src\"]"),
        (&["staged"], "[\"@src\"]"),
        (&["range", "HEAD~1..HEAD"], "[\"@src\"]"),
        (&["sweep", "."], "[\"@src\"]"),
    ] {
        assert_eq!(owners(arguments), expected, "{arguments:?}");
    }
    // A link out of the project is not read.
    #[cfg(unix)]
    {
        project.file("elsewhere/CODEOWNERS", "* @elsewhere\n");
        fs::remove_dir_all(project.at(".github")).expect("removed");
        std::os::unix::fs::symlink(project.at("elsewhere"), project.at(".github")).expect("a link");
        assert_eq!(owners(&["scan", "src"]), "[\"@src\"]");
        fs::remove_file(project.at("docs/CODEOWNERS")).expect("removed");
        std::os::unix::fs::symlink("../elsewhere/CODEOWNERS", project.at("docs/CODEOWNERS"))
            .expect("a link");
        assert_eq!(owners(&["scan", "src"]), "null");
    }
}
