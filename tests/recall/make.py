#!/usr/bin/env python3
"""make.py --seed N OUT: writes the table of forms (one leak form a file) and OUT/expected.json."""
import argparse, json, os, sys
import kit
import forms_config, forms_code, forms_infra, forms_encoded, forms_multi, forms_text, forms_silent  # noqa: F401 (register themselves)


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--seed", default="1")
    ap.add_argument("out")
    a = ap.parse_args()
    os.makedirs(a.out, exist_ok=True)
    expected = {}
    for file, form, make, silent in kit.FORMS:
        assert file not in expected and "/" not in file, f"name used twice: {file}"
        c = kit.Ctx(a.seed, file)
        data = make(c)
        assert bool(c.pairs) != silent, f"{file}: silent form with pairs, or leak form without"
        with open(os.path.join(a.out, file), "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode("utf-8"))
        expected[file] = {"form": form, "pairs": [[p.id, kit.sha(p.sec), kit.sha(p.tok) if p.tok else None] for p in c.pairs]}
    with open(os.path.join(a.out, "expected.json"), "w") as f:
        json.dump(expected, f, indent=1, sort_keys=True)
    silent = sum(1 for e in expected.values() if not e["pairs"])
    print(f"{len(expected)} files: {len(expected) - silent} leak forms with {sum(len(e['pairs']) for e in expected.values())} pairs "
          f"({sum(1 for e in expected.values() for p in e['pairs'] if p[2])} with a session token), {silent} silence forms", file=sys.stderr)


if __name__ == "__main__":
    main()
