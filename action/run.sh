#!/usr/bin/env bash
# The steps of action.yml: install the program, scan what the event is about, pass the verdict.
#
# Everything comes by environment variables, so that no text of an event is ever part of a command.
# Only `--format github` is printed: the runner obeys any line that begins with `::`, and that
# format alone escapes what a repository says.
set -euo pipefail

zeros=0000000000000000000000000000000000000000

# output NAME VALUE: for later steps.
output() {
    printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# Puts `keysweep` on the PATH of later steps: a wheel, without a toolchain.
install() {
    local version="${VERSION:-}" python venv
    if [ -z "$version" ]; then
        # The program of the release of which this action is a part.
        version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$GITHUB_ACTION_PATH/Cargo.toml" | head -n 1)
    fi
    python=$(command -v python3 || command -v python)
    venv="$RUNNER_TEMP/keysweep-$version"
    "$python" -m venv "$venv"
    [ ! -d "$venv/Scripts" ] || venv="$venv/Scripts"
    [ ! -d "$venv/bin" ] || venv="$venv/bin"
    "$venv/pip" install --quiet --disable-pip-version-check --only-binary=:all: --no-deps \
        "keysweep==$version"
    printf '%s\n' "$venv" >>"$GITHUB_PATH"
}

# Sets `what` to the arguments that say what to scan.
choose() {
    local base="" head=""
    case "$EVENT_NAME" in
    pull_request | pull_request_target) base="$PULL_BASE" head="$PULL_HEAD" ;;
    merge_group) base="$GROUP_BASE" head="$GROUP_HEAD" ;;
    push) base="$PUSH_BEFORE" head="$PUSH_AFTER" ;;
    esac
    if [ "$SCAN" = everything ] || { [ "$SCAN" = auto ] && [ -z "$head" ]; }; then
        what=(history .)
    elif [ "$SCAN" != auto ] && [ "$SCAN" != range ]; then
        echo "keysweep: scan is '$SCAN', where auto, range and everything are known" >&2
        return 2
    elif [ -z "$head" ]; then
        echo "keysweep: the event $EVENT_NAME has no range: use scan: everything" >&2
        return 2
    elif [ "$head" = "$zeros" ]; then
        # A ref was deleted: nothing was added.
        what=()
    else
        if [ "$EVENT_NAME" = push ] && ! is_here "$base"; then
            # A new ref, or a forced push whose old commits can't be had. The other refs of this
            # checkout may have come with the same push: all that the ref reaches is scanned.
            base=$zeros
        fi
        what=(range "$base..$head" .)
    fi
}

# Whether a commit is in this checkout, or can be fetched, as what a forced push replaced often can.
is_here() {
    [ "$1" != "$zeros" ] || return 1
    git cat-file -e "$1^{commit}" 2>/dev/null && return
    GIT_TERMINAL_PROMPT=0 GIT_SSH_COMMAND='ssh -oBatchMode=yes' \
        git fetch --quiet --no-tags origin "$1" 2>/dev/null || return 1
    git cat-file -e "$1^{commit}" 2>/dev/null
}

# Of a range without a BASE nothing says what was accepted before: for any ref but the default
# branch, that branch does. Adds its two files to `what`, unless the arguments name others.
judge() {
    local file option branch="origin/${DEFAULT_BRANCH:-}"
    [ "${what[0]}" = range ] && [ "${what[1]%%..*}" = "$zeros" ] || return 0
    [ -n "${DEFAULT_BRANCH:-}" ] && [ "$PUSH_REF" != "refs/heads/$DEFAULT_BRANCH" ] || return 0
    for option in baseline config; do
        file=.keysweep-baseline
        [ "$option" = baseline ] || file=.keysweep.toml
        [[ " $ARGS " != *" --$option"* && " $ARGS " != *" --no-$option "* ]] || continue
        if git show "$branch:$file" >"$1/$option" 2>/dev/null; then
            what+=("--$option" "$1/$option")
        fi
    done
}

# Whether the report may go to the code-scanning page: it may not from a fork, whose token can't
# write, nor from a push, as GitHub closes every alert that a branch's newest report leaves out.
may_upload() {
    case "$UPLOAD" in
    true) return 0 ;;
    auto) ;;
    *) return 1 ;;
    esac
    if [ -n "$PULL_REPOSITORY" ]; then
        [ "$PULL_REPOSITORY" = "$REPOSITORY" ] && [ "$ACTOR" != 'dependabot[bot]' ]
    else
        [ "${what[0]}" = history ]
    fi
}

# The job's summary: the report in Markdown, at most half of GitHub's 1 MiB.
summarize() {
    head -c 524288 "$1" >>"$GITHUB_STEP_SUMMARY"
}

# Scans, annotates, writes the summary and the SARIF report; the status is for `verdict`.
scan() {
    local folder status=0
    declare -a what extra
    choose
    if [ "${#what[@]}" -eq 0 ]; then
        echo "keysweep: the ref is gone, nothing to scan"
        output status 0
        return
    fi
    folder=$(mktemp -d "$RUNNER_TEMP/keysweep-report.XXXXXX")
    judge "$folder"
    # All of its lines: `read` ends at a NUL byte, which is not there, and says so.
    read -r -d '' -a extra <<<"$ARGS" || true
    keysweep "${what[@]}" --format github --no-progress --output "sarif=$folder/keysweep.sarif" \
        --output "markdown=$folder/keysweep.md" --output "html=$folder/keysweep.html" \
        ${extra[@]+"${extra[@]}"} || status=$?
    output status "$status"
    if [ -f "$folder/keysweep.md" ]; then
        output markdown "$folder/keysweep.md"
        summarize "$folder/keysweep.md"
    fi
    if [ -f "$folder/keysweep.html" ]; then
        output html "$folder/keysweep.html"
    fi
    if [ -f "$folder/keysweep.sarif" ]; then
        output sarif "$folder/keysweep.sarif"
        if may_upload; then
            output upload true
        fi
    fi
}

# Ends the job as the scan ended.
verdict() {
    exit "${STATUS:-2}"
}

"$1"
