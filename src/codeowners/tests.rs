//! Tables drawn from the documentation of the providers, with other names.

use super::*;

/// The owners of `path`, joined by blanks.
fn owners(syntax: Syntax, text: &str, path: &str) -> String {
    CodeOwners::parse(syntax, text.as_bytes()).owners(path.as_bytes()).join(" ")
}

#[test]
fn patterns_of_github() {
    // "About code owners": gitignore(5) with exceptions.
    for (pattern, yes, no) in [
        ("*", &["a", "a/b", ".x/y"][..], &[][..]),
        ("/*", &["a", ".env"], &["a/b"]),
        ("*.js", &["a.js", "x/y/a.js", ".js", "lib.js/inner"], &["a.jsx", "a.js.map"]),
        ("/build/logs/", &["build/logs/a", "build/logs/x/a"], &["build/logs", "x/build/logs/a"]),
        ("docs/*", &["docs/a.md"], &["docs/app/b.md", "x/docs/a.md", "docs"]),
        ("docs/*.md", &["docs/a.md"], &["docs/app/b.md", "x/docs/a.md"]),
        ("apps/", &["apps/a", "x/apps/a", "x/y/apps/z/a"], &["apps", "x/apps", "myapps/a"]),
        ("/docs/", &["docs/a", "docs/x/a"], &["x/docs/a", "docs"]),
        ("/apps/forge", &["apps/forge", "apps/forge/a"], &["apps/forger", "x/apps/forge"]),
        ("apps/forge", &["apps/forge", "apps/forge/a"], &["x/apps/forge"]),
        ("**/logs", &["logs", "logs/a", "build/logs/a", "a/b/logs/c"], &["logs.txt", "mylogs/a"]),
        ("docs/**", &["docs/a", "docs/x/a"], &["docs", "x/docs/a"]),
        ("docs/**/", &["docs/x/a"], &["docs/a", "docs"]),
        ("a/**/z", &["a/z", "a/b/z", "a/b/c/z", "a/b/z/inner"], &["z", "x/a/z", "az"]),
        ("a/**b/z", &["a/b/z", "a/xb/z"], &["a/x/b/z"]),
        ("README", &["README", "x/README", "README/inner"], &["README.md"]),
        ("a?c", &["abc", "x/abc", "a\u{e9}c"], &["ac", "abbc", "a/c"]),
        ("a\\ b.txt", &["a b.txt"], &["a\\ b.txt", "a"]),
        ("\\*.txt", &["*.txt"], &["a.txt"]),
        ("*.go", &["a.go"], &["a.GO"]),
    ] {
        let text = format!("{pattern} @o\n");
        for (paths, expected) in [(yes, "@o"), (no, "")] {
            for path in paths {
                assert_eq!(owners(Syntax::GitHub, &text, path), expected, "{pattern}: {path}");
                assert_eq!(owners(Syntax::Bitbucket, &text, path), expected, "{pattern}: {path}");
            }
        }
    }
}

#[test]
fn lines_of_github() {
    let text = "\
# a comment @nobody
*       @all one@example.com   # @nobody

  *.js  @js
*.txt @org/team # @nobody
/apps/ @apps
/apps/free
bad.txt @org/team nobody
[x].txt @nobody
!apps/secret @nobody
\\#hash @nobody
late.js # no owner\r
with\\ blank/ @blank
";
    for (path, expected) in [
        ("a", "@all one@example.com"),
        ("a.js", "@js"),
        ("x/a.txt", "@org/team"),
        ("apps/a.js", "@apps"),
        // The last pattern that matches counts, even if it names nobody.
        ("apps/free/a", ""),
        ("late.js", ""),
        // A line that is not valid has no effect.
        ("bad.txt", "@org/team"),
        ("x.txt", "@org/team"),
        ("apps/secret", "@apps"),
        ("#hash", "@all one@example.com"),
        ("with blank/a", "@blank"),
    ] {
        assert_eq!(owners(Syntax::GitHub, text, path), expected, "{path}");
    }
}

#[test]
fn lines_of_bitbucket() {
    let text = "* me@example.com @space/group:random(2) # all\n*.scala @space/g:least_busy(1)\n";
    assert_eq!(owners(Syntax::Bitbucket, text, "a"), "me@example.com @space/group");
    assert_eq!(owners(Syntax::Bitbucket, text, "x/a.scala"), "@space/g");
}

#[test]
fn patterns_of_gitlab() {
    // "Path matching" and "Pattern matching": File.fnmatch from the root.
    for (pattern, yes, no) in [
        ("*", &["a", "a/b", ".x/.y"][..], &[][..]),
        ("/README.md", &["README.md"], &["docs/README.md"]),
        (
            "README.md",
            &["README.md", "in/README.md", "a/b/README.md"],
            &["README.md.x", "xREADME.md"],
        ),
        ("in/README.md", &["in/README.md", "a/in/README.md"], &["README.md", "in/a/README.md"]),
        ("/docs/", &["docs/a", "docs/x/a"], &["docs", "x/docs/a"]),
        ("lib/", &["lib/a", "x/lib/y/a"], &["lib", "mylib/a"]),
        // A name without a slash at its end is a file.
        ("docs", &["docs", "x/docs"], &["docs/a"]),
        ("/docs/*", &["docs/a.md", "docs/.a"], &["docs/x/a.md"]),
        ("/docs/*.md", &["docs/a.md"], &["docs/x/a.md", "x/docs/a.md"]),
        ("/docs/index.*", &["docs/index.md", "docs/index."], &["docs/index"]),
        ("/docs/*spec*", &["docs/a_specs.rb", "docs/spec"], &["docs/x/spec"]),
        ("/docs/*/README.md", &["docs/x/README.md"], &["docs/README.md", "docs/x/y/README.md"]),
        (
            "/docs/**/index.md",
            &["docs/index.md", "docs/x/index.md", "docs/x/y/index.md"],
            &["index.md", "docs/x/index.mdx"],
        ),
        ("**/*.rb", &["a.rb", "x/y/a.rb"], &["a.rbx"]),
        ("/docs/**", &["docs/a"], &["docs/x/a", "docs"]),
        ("/a[0-9].txt", &["a1.txt"], &["a.txt", "ab.txt", "a12.txt"]),
        ("/a[^0-9].txt", &["ab.txt"], &["a1.txt", "a.txt"]),
        ("/a[\\]x].txt", &["a].txt", "ax.txt"], &["ay.txt"]),
        ("/a{b,c}.txt", &["a{b,c}.txt"], &["ab.txt"]),
        ("\\#file.rb", &["#file.rb", "x/#file.rb"], &["file.rb"]),
        ("with\\ blank/", &["with blank/a"], &["with", "blank/a"]),
        ("a?c", &["abc", "x/a\u{e9}c"], &["ac", "a/c"]),
    ] {
        let text = format!("{pattern} @o\n");
        for (paths, expected) in [(yes, "@o"), (no, "")] {
            for path in paths {
                assert_eq!(owners(Syntax::GitLab, &text, path), expected, "{pattern}: {path}");
            }
        }
    }
}

#[test]
fn sections_of_gitlab() {
    let text = "\
* @admin
*.tmp

[Docs] @docs @writers
docs/
README.md
docs/api/ @api   # @commented
!docs/free/
docs/free/a @nobody

^[Data Base][2] @dba
/db/
/db/seed.rb @seed mail@example.com word

[docs][]
/more/
[Broken
[Roles]
/roles/ @@maintainer @group/sub-group
";
    for (path, expected) in [
        ("a", "@admin"),
        ("a.tmp", ""),
        ("docs/a", "@admin @docs @writers"),
        ("x/README.md", "@admin @docs @writers"),
        // An entry has no comments after it: everybody named there is an owner.
        ("docs/api/a", "@admin @api @commented"),
        // An excluded path stays excluded in its section.
        ("docs/free/a", "@admin"),
        ("db/a", "@admin @dba"),
        ("db/seed.rb", "@admin @seed mail@example.com"),
        // A section of the same name, whatever its case, continues; without owners of its own.
        ("more/a", "@admin"),
        ("roles/a", "@admin @@maintainer @group/sub-group"),
    ] {
        assert_eq!(owners(Syntax::GitLab, text, path), expected, "{path}");
    }
}

#[test]
fn each_place_has_its_syntax() {
    let gitlab = "[Section] @s\n/docs/\n";
    let plain = "/docs @d\n";
    for (place, remote, text, expected) in [
        (".github/CODEOWNERS", None, plain, "@d"),
        (".gitlab/CODEOWNERS", None, plain, ""),
        (".bitbucket/CODEOWNERS", None, plain, "@d"),
        ("CODEOWNERS", None, plain, "@d"),
        ("CODEOWNERS", Some("https://gitlab.example.com/a/b"), plain, ""),
        ("docs/CODEOWNERS", Some("ssh://github.com/a/b.git"), plain, "@d"),
        ("docs/CODEOWNERS", Some("https://example.com/gitlab/b"), plain, "@d"),
        // Only GitLab has sections.
        ("CODEOWNERS", None, gitlab, "@s"),
        (".github/CODEOWNERS", None, gitlab, ""),
    ] {
        let owners = CodeOwners::read(place, remote, text.as_bytes()).owners(b"docs/a");
        assert_eq!(owners.join(" "), expected, "{place} {remote:?}");
    }
    let first = |remote| places(remote)[..3].join(" ");
    assert_eq!(first(None), ".github/CODEOWNERS CODEOWNERS docs/CODEOWNERS");
    let gitlab = "CODEOWNERS docs/CODEOWNERS .gitlab/CODEOWNERS";
    assert_eq!(first(Some("https://gitlab.com/a/b")), gitlab);
    assert!(first(Some("https://bitbucket.org/a/b")).starts_with(".bitbucket/CODEOWNERS "));
}

#[test]
fn a_hostile_file_costs_no_more_than_its_length() {
    // With naive matching each of these takes longer than anybody waits.
    let stars = format!("{}b @o\n", "*a".repeat(2_000));
    let folders = format!("{}b @o\n", "**/a/".repeat(400));
    let name = "a".repeat(4_000);
    let deep = "a/".repeat(1_000) + "x";
    for syntax in [Syntax::GitHub, Syntax::GitLab] {
        assert_eq!(owners(syntax, &stars, &name), "");
        assert_eq!(owners(syntax, &folders, &deep), "");
    }
    for text in ["[", "[]", "^", "^[", "[a][", "!", "\\", "a\\", "[x", "/", "//", "**", "/ @o", "@"]
    {
        for syntax in [Syntax::GitHub, Syntax::GitLab, Syntax::Bitbucket] {
            for path in ["", "a", "a/b", "/"] {
                // It does not fail.
                drop(owners(syntax, text, path));
            }
        }
    }
}
