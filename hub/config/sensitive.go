package config

import (
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"mcphub/hub/secret"
)

// span is a part of a text that seems to be a secret.
type span struct {
	start, end int
	name       string // of what it belongs to: a variable, a header, a flag, a parameter
	why        string // it seems so, for people
}

// Why something seems to be a secret.
const (
	whyName   = "its name says so"
	whyForm   = "it has the form of a token of a known service"
	whyChance = "it looks random"
	whyURL    = "it is the password in an address"
)

var (
	// tokenForm are texts that only secrets look like.
	tokenForm = regexp.MustCompile(`\b(?:` +
		`sk-[A-Za-z0-9_-]{20,}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|` + // OpenAI, Anthropic and others; Stripe
		`gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|glpat-[A-Za-z0-9_-]{18,}|` +
		`xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}|` + // Slack
		`AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{20,}|` + // Google
		`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}|` + // JSON Web Token
		`npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,}|hf_[A-Za-z0-9]{30,}|dop_v1_[a-f0-9]{40,}|shpat_[A-Fa-f0-9]{30,}|` +
		`SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|ntn_[A-Za-z0-9]{30,}|secret_[A-Za-z0-9]{40,}|figd_[A-Za-z0-9_-]{20,}|` +
		`lin_api_[A-Za-z0-9]{30,}|tvly-[A-Za-z0-9_-]{20,}|gsk_[A-Za-z0-9]{30,}|xai-[A-Za-z0-9]{30,}|r8_[A-Za-z0-9]{30,}|` +
		`sbp_[a-f0-9]{30,}|PMAK-[A-Za-z0-9-]{30,}|ATATT3[A-Za-z0-9_=-]{30,}|AGE-SECRET-KEY-1[A-Z0-9]{40,})`)
	privateKey = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----`)
	// assignment is an argument that names its value: --name=value, NAME=value, Name: value.
	assignment = regexp.MustCompile(`^(?:--?)?([A-Za-z][A-Za-z0-9_.-]*)(?:=|:\s*)(\S.*)$`)
	flag       = regexp.MustCompile(`^--?([A-Za-z][A-Za-z0-9_.-]*)$`)
	scheme     = regexp.MustCompile(`(?i)^\s*(?:bearer|basic|token|apikey|key)\s+`)
	address    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)
	filePath   = regexp.MustCompile(`^(?:~|\.{0,2}/|[A-Za-z]:[\\/]|\\\\)`)
	dummy      = regexp.MustCompile(`(?i)^(?:<.*>|\[.*\]|x+|\*+|\.+|-+|0+|.*(?:your|my)[-_ ]?.*(?:key|token|secret|password|here).*|.*(?:example|changeme|change[-_]me|replace|placeholder|redacted|dummy|insert|todo).*|none|null|true|false|undefined|localhost)$`)
	digits     = regexp.MustCompile(`^[0-9.,:-]+$`)
	// passwordPart is the password in "host=db password=x" or "Server=db;Password=x".
	passwordPart = regexp.MustCompile(`(?i)(?:^|[;\s])(?:password|pwd)\s*=\s*([^;\s]{4,})`)
)

// fits reports whether a value can be a secret of that likelihood. With caution, more can: what is masked too much does less
// harm than what is shown, but nobody wants to hear of secrets that are none.
func fits(l secret.Likelihood, text string, caution bool) bool {
	if isPlain(text) {
		return false
	}
	spaced := strings.ContainsAny(text, " \t\n")
	number := strings.ContainsAny(text, "0123456789")
	mixed := strings.ToLower(text) != text && strings.ToUpper(text) != text
	switch l {
	case secret.Password:
		return true
	case secret.Strong:
		return caution || !spaced && len(text) >= 8 && (number || mixed || len(text) >= 20)
	case secret.Weak:
		return !spaced && len(text) >= 16 && number
	case secret.Never, secret.Unknown:
	}
	return false
}

// isPlain reports whether a value is so plain that it is no secret whatever its name says.
func isPlain(text string) bool {
	return len(text) < secret.MinMasked || len(text) < 10 && digits.MatchString(text) || dummy.MatchString(text) ||
		filePath.MatchString(text) || address.MatchString(text)
}

// isRandom reports whether a text looks as if made by chance: long, of all sorts of signs, none of them a separator.
func isRandom(text string) bool {
	if len(text) < 24 || len(text) > 512 {
		return false
	}
	var upper, lower, number int
	count := map[rune]int{}
	for _, r := range text {
		switch {
		case r >= 'A' && r <= 'Z':
			upper++
		case r >= 'a' && r <= 'z':
			lower++
		case r >= '0' && r <= '9':
			number++
		case !strings.ContainsRune("_-+=~", r):
			return false
		}
		count[r]++
	}
	if upper < 3 || lower < 3 || number < 3 {
		return false
	}
	bits := 0.0
	for _, n := range count {
		p := float64(n) / float64(len(text))
		bits -= p * math.Log2(p)
	}
	return bits > 3.9
}

// maxSearched is how long a text may be to be searched. Of a longer one, only its name counts.
const maxSearched = 64 << 10

// sleuth finds what seems to be a secret.
type sleuth struct{ caution bool }

// inValue looks at a value of that name; the name may be empty.
func (s sleuth) inValue(name, text string) []span {
	switch {
	case len(text) > maxSearched && secret.Judge(name) >= secret.Strong:
		return []span{{0, len(text), name, whyName}}
	case len(text) > maxSearched:
		return nil
	case address.MatchString(text):
		return s.inAddress(text, slices.Contains(secret.Words(name), "webhook"))
	}
	if spans := ofKnownForm(name, text); spans != nil {
		return spans
	}
	if at := passwordPart.FindStringSubmatchIndex(text); at != nil && !dummy.MatchString(text[at[2]:at[3]]) {
		return []span{{at[2], at[3], "password", whyName}}
	}
	start := len(scheme.FindString(text))
	value := strings.TrimSpace(text[start:])
	start += strings.Index(text[start:], value)
	whole := span{start, start + len(value), name, whyName}
	switch l := secret.Judge(name); {
	case fits(l, value, s.caution):
		return []span{whole}
	case l == secret.Never || !isRandom(value):
		return nil
	}
	whole.why = whyChance
	return []span{whole}
}

func ofKnownForm(name, text string) (spans []span) {
	if privateKey.MatchString(text) {
		return []span{{0, len(text), name, whyForm}}
	}
	for _, at := range tokenForm.FindAllStringIndex(text, -1) {
		if !dummy.MatchString(text[at[0]:at[1]]) {
			spans = append(spans, span{at[0], at[1], name, whyForm})
		}
	}
	return spans
}

// inAddress looks at a URL: its password, parameters by their name, and, if it may be secret as a whole, what looks random
// in its path.
func (s sleuth) inAddress(text string, whole bool) (spans []span) {
	add := func(start, end int, name, why string) {
		if end > start {
			spans = append(spans, span{start, end, name, why})
		}
	}
	if len(text) > maxSearched {
		return nil
	}
	head := len(address.FindString(text))
	rest := head + endOf(text[head:], "/?#")
	if at := strings.LastIndexByte(text[head:rest], '@'); at >= 0 {
		user, word, found := strings.Cut(text[head:head+at], ":")
		if found && !dummy.MatchString(word) {
			add(head+len(user)+1, head+at, "password", whyURL)
		}
	}
	path := rest + endOf(text[rest:], "?#")
	for at := rest; at < path; {
		end := at + endOf(text[at:path], "/")
		if known := ofKnownForm("", text[at:end]); known != nil {
			add(at+known[0].start, at+known[0].end, "path", whyForm)
		} else if whole && isRandom(text[at:end]) {
			add(at, end, "path", whyChance)
		}
		at = end + 1
	}
	for at := path + 1; at < len(text); {
		end := at + endOf(text[at:], "&#")
		name, value, _ := strings.Cut(text[at:end], "=")
		if plain, err := url.QueryUnescape(value); err == nil {
			switch l := secret.Judge(name); {
			case fits(l, plain, s.caution):
				add(end-len(value), end, name, whyName)
			case ofKnownForm(name, plain) != nil:
				add(end-len(value), end, name, whyForm)
			case l != secret.Never && isRandom(plain):
				add(end-len(value), end, name, whyChance)
			}
		}
		at = end + 1
	}
	return spans
}

// endOf returns where the first of the signs is in a text, or its length.
func endOf(text, signs string) int {
	if i := strings.IndexAny(text, signs); i >= 0 {
		return i
	}
	return len(text)
}

// inArgument looks at an argument, which may belong to the flag before it.
func (s sleuth) inArgument(before, text string) []span {
	if address.MatchString(text) {
		return s.inAddress(text, false)
	}
	if m := assignment.FindStringSubmatchIndex(text); m != nil && len(text) <= maxSearched {
		spans := s.inValue(text[m[2]:m[3]], text[m[4]:])
		for i := range spans {
			spans[i].start, spans[i].end = spans[i].start+m[4], spans[i].end+m[4]
		}
		return spans
	}
	name := ""
	if m := flag.FindStringSubmatch(before); m != nil && !strings.HasPrefix(text, "-") {
		name = m[1]
	}
	return s.inValue(name, text)
}
