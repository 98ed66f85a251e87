//! Texts that somebody else may have written: configuration, suppressions, reports, answers of a
//! server, tokens that contain facts.

use std::path::Path;

use keysweep::aws::KeyId;
use keysweep::aws::bedrock;
use keysweep::command::sweep::state::State;
#[cfg(feature = "verify")]
use keysweep::command::verify::read_report;
use keysweep::config::{Config, NAME};
use keysweep::detect::Engine;
use keysweep::rules::{Author, RuleSet};
use keysweep::run::sweep::ResumeStore as _;
use keysweep::run::target::Target;
use keysweep::scan::Detector as _;
use keysweep::suppress::baseline::{self, Baseline};
use keysweep::suppress::detect_secrets::DetectSecrets;
use keysweep::suppress::gitleaks::Gitleaks;
#[cfg(feature = "verify")]
use keysweep::verify::answer::{self, Answer};

use super::feed::Feed;
use super::pieces::expand;

/// A `.keysweep.toml`, and what its patterns do with a text.
pub fn settings(data: &[u8]) {
    let mut feed = Feed::new(data);
    let sample = expand(feed.run());
    let text = String::from_utf8_lossy(&expand(feed.rest())).into_owned();
    let config = Config::parse(Path::new(NAME), &text, Author::Target);
    let rules = RuleSet::with_texts(&[(NAME.into(), text)]);
    if let (Ok(_), Ok(rules)) = (config, rules) {
        let engine = Engine::new(&rules);
        let memory = engine.whole(&sample).memory;
        let delta = engine.delta(&memory, &[], &sample);
        assert_eq!(delta.candidates, engine.whole(&sample).candidates);
    }
}

/// A baseline, or what other scanners call one.
pub fn settled(data: &[u8]) {
    let text = String::from_utf8_lossy(&expand(data)).into_owned();
    if let Ok(read) = Baseline::parse(Path::new(baseline::NAME), &text) {
        let written = read.to_text();
        let again = Baseline::parse(Path::new(baseline::NAME), &written);
        let again = again.expect("what is written is read again").to_text();
        assert_eq!(again, written);
    }
    let _ = Gitleaks::parse(Path::new(".gitleaks.toml"), &text);
    let _ = DetectSecrets::parse(Path::new(".secrets.baseline"), &text);
}

/// An earlier report, or the state of an interrupted sweep.
pub fn reports(data: &[u8]) {
    let text = expand(data);
    #[cfg(feature = "verify")]
    let _ = read_report(&text);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state");
    std::fs::write(&path, &text).expect("a file");
    let Ok(mut state) = State::open(&path, "fuzz") else {
        let kept = std::fs::read(&path).expect("it is still there");
        assert_eq!(kept, text, "a file that is refused is left as it is");
        return;
    };
    let target = Target { place: "/a".into(), ..Target::default() };
    if let Some(kept) = state.recall(&target) {
        state.keep(&target, &kept).expect("it can be written");
        assert!(state.recall(&target).is_some(), "what was kept is there");
    }
    state.end().expect("it can be written");
}

/// An answer of what claims to be STS.
#[cfg(feature = "verify")]
pub fn answers(data: &[u8]) {
    let mut feed = Feed::new(data);
    let status = [403, 400, 200, 302, 407, 429, 500, 503][usize::from(feed.byte()) % 8];
    let body = feed.rest();
    let answer = answer::read(status, body);
    let says = |code: &str| memchr::memmem::find(body, code.as_bytes()).is_some();
    let fits = match &answer {
        Answer::Identity(_) => false,
        Answer::AccessDenied => status == 403 && says("AccessDenied"),
        Answer::WrongSecret | Answer::ClockSkew => status == 403 && says("SignatureDoesNotMatch"),
        Answer::NotKnown => status == 403 && says("InvalidClientTokenId"),
        Answer::Expired => status == 403 && says("ExpiredToken"),
        Answer::Later(why) | Answer::Nothing(why) => why.chars().all(|c| !c.is_control()),
    };
    assert!(fits, "{status}: {answer:?}");
}

/// Without verification nobody is asked.
#[cfg(not(feature = "verify"))]
pub fn answers(_: &[u8]) {}

/// A key that says whose it is.
pub fn keys(data: &[u8]) {
    let text = expand(data);
    if let Some(id) = KeyId::parse(&text) {
        assert!(id.account().is_none_or(|account| account.len() == 12));
        let _ = id.is_example();
    }
    let _ = bedrock::long_term(&text);
    let _ = bedrock::short_term(&text);
    let _ = bedrock::service_user(&text);
    // A fuzzer does not guess valid base64, so the text is also encoded for it.
    use base64::Engine as _;
    let packed = base64::engine::general_purpose::STANDARD.encode(&text);
    let _ = bedrock::long_term(&[bedrock::LONG_TERM_PREFIX, packed.as_bytes()].concat());
    let _ = bedrock::short_term(&[bedrock::SHORT_TERM_PREFIX, packed.as_bytes()].concat());
}
