//! The lines of a partial: where it is cut, damaged, or of another kind.

use super::*;

#[test]
fn the_base_is_what_is_above_the_name() {
    for (name, place, expected) in [
        (".", "/srv/git", Some("/srv/git")),
        ("team/api", "/srv/git/team/api", Some("/srv/git")),
        ("api", "/api", Some("/")),
        ("api", "/srv/git/other", None),
        ("pi", "/srv/api", None),
        ("missing", "missing", None),
    ] {
        assert_eq!(base(name, Path::new(place)).as_deref(), expected, "{name} {place}");
    }
}

/// The kinds of the lines of a text, or the fault.
fn kinds(text: &str) -> Result<String, String> {
    let read = || {
        let (begun, mut reader) = PartialReader::begin(text.as_bytes())?;
        let mut kinds = match begun {
            Begun::Head(_) => "head".to_owned(),
            Begun::Truncated => return Ok("cut".to_owned()),
        };
        loop {
            kinds.push_str(match reader.next_line()? {
                Next::Line(PartialLine::Target(_)) => " target",
                Next::Line(PartialLine::Hit(_)) => " hit",
                Next::Line(PartialLine::End(_)) => return Ok(kinds + " end"),
                Next::Truncated => return Ok(kinds + " cut"),
            });
        }
    };
    read().map_err(|error: PartialError| error.to_string())
}

#[test]
fn a_partial_is_read_up_to_where_it_is_cut() {
    let head = "{\"keysweep_partial\":1,\"version\":\"1\",\"options\":\"\",\"plan\":\"\",\"host\":null,\
                \"started\":\"\"}\n";
    let target = |hits: u64| {
        let line = TargetLine { hits, ..TargetLine::default() };
        let line = PartialLine::Target(Box::new(line));
        serde_json::to_string(&line).expect("a line") + "\n"
    };
    let hit = "{\"hit\":{\"fingerprint\":\"00000000000000000000000000000000\",\
               \"credential\":{\"rule\":\"x\"},\"confidence\":\"high\"}}\n";
    let end = serde_json::to_string(&PartialLine::End(Box::default())).expect("a line") + "\n";
    let (none, one, two) = (target(0), target(1), target(2));
    for (text, expected) in [
        (String::new(), Ok("cut")),
        ("{\"keysw".to_owned(), Ok("cut")),
        (head[..40].to_owned(), Ok("cut")),
        (head.to_owned(), Ok("head cut")),
        (format!("{head}{end}"), Ok("head end")),
        (format!("{head}{none}{one}{hit}{end}"), Ok("head target target hit end")),
        (format!("{head}{two}{hit}"), Ok("head target hit cut")),
        (format!("{head}{two}{hit}{}", &hit[..9]), Ok("head target hit cut")),
        (format!("{head}{one}{hit}{}", &end[..end.len() - 1]), Ok("head target hit cut")),
        (format!("{head}{two}{hit}{end}"), Err("line 4 is damaged: 1 hits are missing before it")),
        (format!("{head}{hit}"), Err("line 2 is damaged: a hit of no target")),
        (format!("{head}{{}}\n"), Err("line 2 is damaged")),
        ("hello\n".to_owned(), Err("it is not a partial")),
        ("{\"schema\": 1}\n".to_owned(), Err("it is not a partial")),
        (head.replace(":1,", ":2,"), Err("update keysweep")),
    ] {
        match (kinds(&text), expected) {
            (Ok(kinds), Ok(expected)) => assert_eq!(kinds, expected, "{text}"),
            (Err(error), Err(words)) => assert!(error.contains(words), "{error}"),
            (read, _) => panic!("{read:?} of {text}"),
        }
    }
}
