"""Building blocks of the table of forms: random credentials, noise, filters, the registry of forms."""
import base64, hashlib, html, json, random, re, string, textwrap

B32 = string.ascii_uppercase + "234567"
B64 = string.ascii_letters + string.digits + "+/"
ALNUM = string.ascii_letters + string.digits
FORMS = []          # (file, form, function(ctx) -> str | bytes, silent)


class Pair:
    def __init__(self, id, sec, tok=None):
        self.id, self.sec, self.tok = id, sec, tok


class Ctx:
    """What one form may draw from; remembers the pairs it must yield."""

    def __init__(self, seed, name):
        self.rng = random.Random(f"{seed}/{name}")
        self.pairs = []

    def chars(self, alphabet, n):
        return "".join(self.rng.choice(alphabet) for _ in range(n))

    # credentials
    def key_id(self, prefix=None):
        prefix = prefix or ("ASIA" if self.rng.random() < 0.2 else "AKIA")
        return prefix + self.chars(B32, 16)

    def secret(self):
        s = self.chars(B64, 40)
        r = self.rng.random()
        if r < 0.2:
            s = self.rng.choice("/+") + s[1:]
        elif r < 0.4:
            s = s[:-1] + self.rng.choice("/+")
        elif r < 0.45:
            s = self.rng.choice("/+") + s[1:-1] + self.rng.choice("/+")
        return s

    def token(self):
        start = self.rng.choice(["IQoJb3JpZ2luX2Vj", "FwoGZXIvYXdz", "FQoGZXIvYXdz"])
        n = 4 * self.rng.randint(100, 245)
        end = self.rng.choice(["", "=", "=="])
        return start + self.chars(B64, n - len(start) - len(end)) + end

    def pair(self, prefix=None, token=False):
        p = Pair(self.key_id("ASIA" if token else prefix), self.secret(), self.token() if token else None)
        self.pairs.append(p)
        return p

    def some(self, n, **kw):
        return [self.pair(**kw) for _ in range(n)]

    # noise
    def hex(self, n=40):
        return self.chars("0123456789abcdef", n)

    def an(self, n=40):
        return self.chars(ALNUM, n)

    def b64(self, n=60):
        return self.chars(B64, n)

    def uuid(self):
        h = self.hex(32)
        return "-".join((h[:8], h[8:12], h[12:16], h[16:20], h[20:]))

    def jwt(self):
        enc = lambda d: base64.urlsafe_b64encode(json.dumps(d).encode()).decode().rstrip("=")
        return ".".join((enc({"alg": "HS256", "typ": "JWT"}), enc({"sub": self.hex(10), "iat": 1700000000 + self.rng.randrange(9**8)}),
                         self.chars(ALNUM + "-_", 43)))

    def pem(self, lines=12, last=40, kind="RSA PRIVATE KEY"):
        body = ["MII" + self.b64(61)] + [self.b64(64) for _ in range(lines)] + [self.b64(last)]
        return "\n".join([f"-----BEGIN {kind}-----"] + body + [f"-----END {kind}-----"])

    def noise_line(self):
        r = self.rng
        return r.choice([
            lambda: f"# pinned at {self.hex()}",
            lambda: f"GIT_COMMIT={self.hex()}",
            lambda: f"CHECKSUM_SHA256={self.hex(64)}",
            lambda: f"REQUEST_ID={self.uuid()}",
            lambda: f"GITHUB_TOKEN=ghp_{self.an(36)}",
            lambda: f"NPM_TOKEN=npm_{self.an(36)}",
            lambda: f"SONAR_TOKEN={self.hex()}",
            lambda: f"DATADOG_APP_KEY={self.hex()}",
            lambda: f"COOKIE_SIGNATURE={self.b64(43)}=",
            lambda: f"LOGO_DATA={self.b64(76)}",
            lambda: f"CALLBACK_URL=https://api.{self.chars('abcdefgh', 6)}.io/v1/hooks/{self.uuid()}?rev={self.hex(12)}",
            lambda: f"DATABASE_URL=postgres://app:{self.an(18)}@db-{r.randint(1, 9)}.internal:5432/app",
            lambda: f"FEATURE_{self.chars('ABCDEFGH', 5)}={r.choice(['true', 'false'])}",
            lambda: f"MAX_CONNECTIONS={r.randint(5, 500)}",
            lambda: f"LOG_LEVEL={r.choice(['info', 'debug', 'warn'])}",
            lambda: "",
        ])()

    def noise(self, n):
        return "\n".join(self.noise_line() for _ in range(n))


# filters of the templates
def _sub(table):
    return lambda s: "".join(table.get(ch, ch) for ch in s)


def qp_wrap(text, width=76):
    """Quoted-printable of a text: '=' as =3D, '/' and '+' left, soft breaks at the width."""
    out = []
    for line in text.split("\n"):
        line = line.replace("=", "=3D")
        while len(line) > width:
            cut = width - 1
            while "=" in line[cut - 2:cut]:
                cut -= 1
            out.append(line[:cut] + "=")
            line = line[cut:]
        out.append(line)
    return "\n".join(out)


b64 = lambda s: base64.b64encode(s if isinstance(s, bytes) else s.encode()).decode()
wrap = lambda s, n: "\n".join(textwrap.wrap(s, n))
FILTERS = {
    "js": _sub({"/": "\\/"}),
    "ju": _sub({"/": "\\u002f", "+": "\\u002b"}),
    "juu": _sub({"/": "\\u002F", "+": "\\u002B"}),
    "jx": _sub({"/": "\\x2f", "+": "\\x2b"}),
    "pct": _sub({"/": "%2F", "+": "%2B", "=": "%3D"}),
    "pctl": _sub({"/": "%2f", "+": "%2b", "=": "%3d"}),
    "pct2": _sub({"/": "%252F", "+": "%252B", "=": "%253D"}),
    "htmld": _sub({"/": "&#47;", "+": "&#43;"}),
    "htmlx": _sub({"/": "&#x2F;", "+": "&#x2B;"}),
    "qp": _sub({"/": "=2F", "+": "=2B"}),
    "b64": b64,
    "b64n": lambda s: b64(s + "\n"),
    "b64u": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "hex": lambda s: s.encode().hex(),
    "HEX": lambda s: s.encode().hex().upper(),
    "xesc": lambda s: "".join("\\x%02x" % ord(ch) for ch in s),
    "chars": lambda s: ", ".join(f"'{ch}'" for ch in s),
}
HOLE = re.compile(r"«(b64|[a-zA-Z]+?)(\d*)(?:_(\d+))?(?:\[(\d*):(\d*)\])?((?:\|\w+)*)(?::\w+)?»")


def fill(c, template):
    """Fill a template. «id» «akia» «asia» «sec» «tok», numbered for more pairs; «lid» is an id alone, «lsec» 40 random
    characters of no pair; noise: «hex_40» «an_40» «b64_60» «uuid» «jwt» «noise_12»; slices and filters: «sec[0:20]» «sec|pct»."""
    kinds = {}
    for name, num, *_ in HOLE.findall(template):
        if name in ("id", "akia", "asia", "sec", "tok"):
            kinds.setdefault(num, set()).add(name)
    made = {}
    for num in kinds:
        k = kinds[num]
        made[num] = c.pair("ASIA" if "asia" in k else "AKIA" if "akia" in k else None, token="tok" in k)
    lone = {}

    def one(m):
        name, num, arg, lo, hi, filters = m.groups()
        if name in ("id", "akia", "asia"):
            v = made[num].id
        elif name in ("sec", "tok"):
            v = getattr(made[num], name)
        elif name == "lid":
            v = lone.setdefault("i" + num, c.key_id())
        elif name == "lsec":
            v = lone.setdefault("s" + num, c.secret())
        elif name in ("hex", "an", "b64", "noise"):
            key = f"{name}{num}_{arg}"
            v = getattr(c, name)(int(arg or 40))
            if num:                        # a numbered noise is the same wherever it stands
                v = lone.setdefault(key, v)
        else:
            v = getattr(c, name)()
        if lo is not None or hi is not None:
            v = v[int(lo or 0):int(hi) if hi else None]
        for f in filter(None, filters.split("|")):
            v = FILTERS[f](v)
        return v

    return HOLE.sub(one, template)


def clean(text):
    return textwrap.dedent(text).lstrip("\n")


def T(file, form, template, post=None, silent=False):
    """A form that is a template; post(text, ctx) may encode the whole."""
    text = clean(template)

    def make(c):
        out = fill(c, text)
        return post(out, c) if post else out
    FORMS.append((file, form, make, silent))


def form(file, title, silent=False):
    def deco(f):
        FORMS.append((file, title, f, silent))
        return f
    return deco


def S(file, form, template, post=None):
    T(file, form, template, post, silent=True)


sha = lambda s: hashlib.sha256(s.encode()).hexdigest()
escape_html = html.escape
