//! Rotations that end at any moment: before or after a request, between two lines of the journal,
//! before or after a secret is stored. The next runs finish them, and nothing is lost.

use std::panic::{AssertUnwindSafe, catch_unwind};

use keysweep::command::rotate::destination::Wanted;
use keysweep::run::Status;
use keysweep_aws::KeyStatus;

use crate::support::rotate::{Asked, World, named_last};

/// Answers as somebody would who wants the rotation done: yes, and the last four characters of the
/// key in question; `kept` where a command has the key.
fn willing(world: &World, question: &str, printed: &str) -> Option<String> {
    if question.contains("[y/N]") {
        return Some("y".to_owned());
    }
    let key = named_last(printed);
    let store = std::fs::read_to_string(world.project.at("store")).unwrap_or_default();
    let is_kept = question.starts_with("kept") && store.contains(&key);
    Some(if is_kept { "kept".to_owned() } else { key[16..].to_owned() })
}

/// The place of the secret, as a user would look for it.
fn kept(world: &World, to: &Wanted) -> String {
    match to {
        Wanted::Profile(_) => world.credentials(),
        Wanted::File(path) => std::fs::read_to_string(path).unwrap_or_default(),
        Wanted::Command(_) => {
            std::fs::read_to_string(world.project.at("store")).unwrap_or_default()
        }
    }
}

/// Runs until the rotation is done; the fuse may end one of the runs. Whether it did.
fn rotate_whole(world: &World, to: &Wanted, moment: i64) -> bool {
    world.fuse.set(moment);
    let mut killed = false;
    for _ in 0..20 {
        let asked = Asked { to: Some(to.clone()), ..Asked::default() };
        let run = || {
            let answers = &mut |question: &str, printed: &str| willing(world, question, printed);
            world.run_with(&asked, answers)
        };
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(came) if came.status == Status::Clean => return killed,
            Ok(came) => {
                assert!(came.status == Status::Findings, "moment {moment}: {}", came.text);
            }
            Err(_) => {
                killed = true;
                after_a_kill(world, moment);
                if let Wanted::File(path) = to {
                    // A file with content is not overwritten; a user looks, as the message says.
                    let text = std::fs::read_to_string(path).unwrap_or_default();
                    assert!(text.is_empty() || text.contains("AKIA"), "moment {moment}");
                }
            }
        }
        world.days(8);
    }
    panic!("moment {moment}: it never ends");
}

/// The profile holds a key that works, or the old one, whatever its state.
fn after_a_kill(world: &World, moment: i64) {
    let text = world.credentials();
    let state = world.account.state();
    let fits =
        state.keys.iter().any(|held| text.contains(&held.key.id) && text.contains(&held.secret));
    let gone = !state.keys.iter().any(|held| held.key.id == world.old.id);
    assert!(fits || gone, "moment {moment}: {text}");
}

/// Every moment at which a rotation can end.
fn every_moment(name: &str, to: impl Fn(&World) -> Wanted, stride: usize) -> usize {
    let mut kills = 0;
    for moment in (1..).step_by(stride) {
        let world = World::new(&format!("{name} {moment}"), "shop-deploy");
        let to = to(&world);
        if !rotate_whole(&world, &to, moment) {
            break;
        }
        kills += 1;
        let keys = world.account.keys();
        assert_eq!(keys.len(), 1, "moment {moment}: {keys:?}");
        assert_eq!(keys[0].1, KeyStatus::Active, "moment {moment}");
        assert_ne!(keys[0].0, world.old.id, "moment {moment}");
        let kept = kept(&world, &to);
        let secret = world.account.state().keys[0].secret.clone();
        assert!(kept.contains(&keys[0].0) && kept.contains(&secret), "moment {moment}: {kept}");
        let left = std::fs::read_dir(world.project.at("home")).expect("a folder").count();
        assert_eq!(left, 1, "moment {moment}: a temporary file is left");
    }
    println!("{name}: {kills} kills");
    kills
}

#[test]
fn a_rotation_continues_from_every_moment_at_which_it_was_killed() {
    let profile = every_moment("into a profile", |_| Wanted::Profile("shop".to_owned()), 1);
    let file = |world: &World| Wanted::File(world.project.at("new.csv"));
    let kills = profile + every_moment("into a file", file, 2);
    let command = |world: &World| {
        let store = world.project.at("store");
        Wanted::Command(format!("cat > '{}'", store.display()))
    };
    let kills = kills + every_moment("into a command", command, 3);
    assert!(kills >= 200, "{kills}");
}
