package secret

import (
	"bytes"
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	// MinMasked is how many bytes a value must have to be masked: a shorter one is found in too much that is no secret.
	MinMasked = 6
	// maxKnown is how many values of one owner are known; the oldest are forgotten.
	maxKnown = 256
)

// Redactor masks the secrets that it knows in texts that are about to be shown, logged or told. A nil Redactor knows none.
type Redactor struct {
	mu    sync.Mutex
	known map[string][]string // by owner, the oldest first
	now   atomic.Pointer[masks]
}

// masks is what a Redactor does until it learns more.
type masks struct {
	replacer *strings.Replacer
	longest  int
}

// NewRedactor returns a redactor that knows no secret yet.
func NewRedactor() *Redactor { return &Redactor{known: map[string][]string{}} }

// Know adds secrets of an owner, such as a server. Values shorter than [MinMasked] are left out. Older values of the owner
// stay known: a program may still write them. Of very many, those that were told longest ago are forgotten.
func (r *Redactor) Know(owner string, values ...Text) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	list, learned := r.known[owner], false
	for _, v := range values {
		text := v.Reveal()
		if len(strings.TrimSpace(text)) < MinMasked {
			continue
		}
		if at := slices.Index(list, text); at >= 0 {
			list = slices.Delete(list, at, at+1) // it is again the one that was told last
		} else {
			learned = true
		}
		list = append(list, text)
	}
	if list = list[max(0, len(list)-maxKnown):]; len(list) > 0 {
		r.known[owner] = list
	}
	if learned {
		r.now.Store(newMasks(r.known))
	}
}

func newMasks(known map[string][]string) *masks {
	all := map[string]bool{}
	for _, list := range known {
		for _, text := range list {
			for _, form := range forms(text) {
				all[form] = true
			}
		}
	}
	texts := make([]string, 0, len(all))
	for text := range all {
		texts = append(texts, text)
	}
	// Of two secrets that begin alike the longer one counts.
	slices.SortFunc(texts, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(texts))
	for _, text := range texts {
		pairs = append(pairs, text, Mask)
	}
	return &masks{strings.NewReplacer(pairs...), len(texts[0])}
}

// forms returns how a secret may look in what programs write: as it is, line by line, and as it is escaped in JSON, in Go,
// and in URLs.
func forms(text string) []string {
	plain := []string{text}
	if trimmed := strings.TrimSpace(text); trimmed != text {
		plain = append(plain, trimmed)
	}
	if strings.Contains(text, "\n") {
		for line := range strings.Lines(text) {
			plain = append(plain, strings.TrimSpace(line))
		}
	}
	var all []string
	for _, p := range plain {
		quoted := strconv.Quote(p)
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		_ = e.Encode(p) // a string can be encoded
		html, _ := json.Marshal(p)
		all = append(all, p, quoted[1:len(quoted)-1], strings.Trim(b.String(), "\"\n"), strings.Trim(string(html), `"`), url.QueryEscape(p), url.PathEscape(p))
	}
	return slices.DeleteFunc(all, func(form string) bool { return len(form) < MinMasked })
}

// Mask returns the text with [Mask] in the place of each secret in it.
func (r *Redactor) Mask(text string) string {
	if r == nil {
		return text
	}
	if m := r.now.Load(); m != nil {
		return m.replacer.Replace(text)
	}
	return text
}

// Cut returns the beginning of a text, masked, at most size bytes. To cut first and mask then would leave the beginning of
// a secret that nobody knows any more.
func (r *Redactor) Cut(text string, size int) string {
	if len(text) > size {
		text = text[:min(len(text), size+r.Margin())]
		masked := r.Mask(text)
		// Of the last bytes nobody knows what they began.
		return masked[:max(0, min(size, len(masked)-r.Margin()/2))]
	}
	masked := r.Mask(text)
	return masked[:min(size, len(masked))]
}

// Margin returns how many bytes more than the wanted size a text should have that is to be cut.
func (r *Redactor) Margin() int {
	if r == nil {
		return 0
	}
	if m := r.now.Load(); m != nil {
		return 2 * m.longest
	}
	return 0
}

// Writer masks what is written to w. Each write must be whole: a secret that is spread over two is not found.
func (r *Redactor) Writer(w io.Writer) io.Writer { return &maskingWriter{r, w} }

type maskingWriter struct {
	redactor *Redactor
	to       io.Writer
}

func (w *maskingWriter) Write(p []byte) (int, error) {
	if _, err := io.WriteString(w.to, w.redactor.Mask(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}
