package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The index of words knows calls by blocks: of calls that were written together most words are the same, and each is told to
// it only once, which is most of what makes the writer fast. A block is known by the id of its newest call, and call_block
// holds which of its calls have which word. A block of one call has no row there.

const (
	blockCalls = 64        // how many calls a block has at most: one bit for each
	blockSpan  = 1_000_000 // within how many microseconds they are
)

var errBlock = errors.New("block of the index of calls cannot be read")

// block is some calls, in the order of their ids, and their words.
type block struct {
	ids   []int64
	index map[string]int // of the word in calls
	calls []uint64       // the bits of the calls that have the word
}

func newBlock() block { return block{index: map[string]int{}} }

// room reports whether a call can be added.
func (b *block) room(id int64) bool {
	return len(b.ids) == 0 || len(b.ids) < blockCalls && id-b.ids[0] < blockSpan
}

// add adds a call; its words and facets are told one by one afterwards.
func (b *block) add(id int64) { b.ids = append(b.ids, id) }

// word notes a word of the call that was added last, as fold makes it, or a facet.
func (b *block) word(word string) {
	at, known := b.index[word]
	if !known {
		at = b.learn(word)
	}
	b.calls[at] |= 1 << (len(b.ids) - 1)
}

// text notes the words of a text.
func (b *block) text(text string) {
	var buffer [64]byte
	for word := range words(text) {
		folded := fold(buffer[:0], word)
		at, known := b.index[string(folded)] // this makes no copy, as most are known
		if !known {
			at = b.learn(string(folded))
		}
		b.calls[at] |= 1 << (len(b.ids) - 1)
	}
}

func (b *block) learn(word string) (at int) {
	at = len(b.calls)
	b.index[word], b.calls = at, append(b.calls, 0)
	return at
}

func (b *block) last() int64 { return b.ids[len(b.ids)-1] }

// write writes the block.
func (b *block) write(ctx context.Context, p *putter) error {
	var text []byte
	for word := range b.index {
		text = append(append(text, word...), ' ')
	}
	if _, err := p.exec(ctx, `INSERT INTO call_words (rowid, words) VALUES (?, ?)`, b.last(), string(text)); err != nil {
		return err
	}
	if len(b.ids) > 1 {
		if _, err := p.exec(ctx, `INSERT INTO call_block (last, content) VALUES (?, ?)`, b.last(), b.append(nil)); err != nil {
			return err
		}
	}
	return nil
}

// append writes the content of a block: how many calls it has, how much lower the id of each is than that of the next, and
// each word with its bits.
func (b *block) append(content []byte) []byte {
	content = append(content, byte(len(b.ids)))
	for i, id := range b.ids[1:] {
		content = binary.AppendUvarint(content, uint64(id-b.ids[i]))
	}
	for word, at := range b.index {
		content = binary.LittleEndian.AppendUint64(content, b.calls[at])
		content = append(binary.AppendUvarint(content, uint64(len(word))), word...)
	}
	return content
}

// readBlock returns the ids of a block's calls, and calls each with each of its words and the bits of the calls that have it.
func readBlock(last int64, content []byte, each func(word []byte, calls uint64)) (ids []int64, err error) {
	if len(content) == 0 || content[0] == 0 || content[0] > blockCalls {
		return nil, errBlock
	}
	ids, content = make([]int64, content[0]), content[1:]
	for i := range ids[1:] {
		step, n := binary.Uvarint(content)
		if n <= 0 {
			return nil, errBlock
		}
		ids[i+1], content = ids[i]+int64(step), content[n:]
	}
	for i, first := 0, last-ids[len(ids)-1]; i < len(ids); i++ {
		ids[i] += first
	}
	for len(content) > 0 {
		if len(content) < 9 {
			return nil, errBlock
		}
		calls := binary.LittleEndian.Uint64(content)
		size, n := binary.Uvarint(content[8:])
		if content = content[8+max(n, 0):]; n <= 0 || size > uint64(len(content)) {
			return nil, errBlock
		}
		each(content[:size], calls)
		content = content[size:]
	}
	return ids, nil
}

// words goes through the words of a text.
func words(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		start := -1
		for i, r := range text {
			if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)) {
				if start < 0 {
					start = i
				}
				continue
			}
			if start >= 0 && !yield(text[start:i]) {
				return
			}
			start = -1
		}
		if start >= 0 {
			yield(text[start:])
		}
	}
}

// fold appends a word without regard to case and accents.
func fold(to []byte, word string) []byte {
	start := len(to)
	for i := range len(word) {
		c := word[i]
		if c >= utf8.RuneSelf {
			return foldRunes(to[:start], word)
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		to = append(to, c)
	}
	return to
}

func foldRunes(to []byte, word string) []byte {
	for _, r := range norm.NFC.String(word) {
		if unicode.Is(unicode.Latin, r) {
			r, _ = utf8.DecodeRuneInString(norm.NFD.String(string(r)))
		}
		if !unicode.IsMark(r) {
			to = utf8.AppendRune(to, unicode.ToLower(r))
		}
	}
	return to
}

// term is what calls are to have: one of some words, or one that begins in some way.
type term struct {
	words     []string
	beginning string // empty: none
}

// String writes the term in the query language of FTS5: each word in quotes, where no sign means anything.
func (t term) String() string {
	if t.beginning != "" {
		return `"` + t.beginning + `"*`
	}
	return `("` + strings.Join(t.words, `" OR "`) + `")`
}

func (t term) has(word []byte) bool {
	if t.beginning != "" {
		return strings.HasPrefix(string(word), t.beginning)
	}
	for _, w := range t.words {
		if w == string(word) {
			return true
		}
	}
	return false
}

// find returns the ids from first up to but without end of the newest calls that have all terms, newest first.
func (d *DB) find(ctx context.Context, terms []term, first, end int64, limit int) (found []int64, err error) {
	match := make([]string, len(terms))
	for i, t := range terms {
		match[i] = t.String()
	}
	rows, err := d.read.QueryContext(ctx, `SELECT call_words.rowid, content FROM call_words LEFT JOIN call_block ON last = call_words.rowid
		WHERE call_words MATCH ? AND call_words.rowid >= ? AND call_words.rowid < ? ORDER BY call_words.rowid DESC`,
		strings.Join(match, " AND "), first, end+min(blockSpan, math.MaxInt64-end))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var last int64
		var content sql.RawBytes
		if err := rows.Scan(&last, &content); err != nil {
			return nil, err
		}
		if len(found) >= limit && found[limit-1] > last {
			break
		}
		ids, have := []int64{last}, uint64(1)
		if content != nil {
			if ids, have, err = searchBlock(last, content, terms); err != nil {
				return nil, err
			}
		}
		if have == 0 {
			continue
		}
		for i, id := range slices.Backward(ids) {
			if have>>i&1 == 1 && id >= first && id < end {
				found = append(found, id)
			}
		}
		// The blocks of several hubs overlap.
		slices.SortFunc(found, func(a, b int64) int { return cmp.Compare(b, a) })
	}
	return found[:min(len(found), limit)], rows.Err()
}

// searchBlock returns the ids of a block's calls, and the bits of those that have all terms.
func searchBlock(last int64, content []byte, terms []term) (ids []int64, have uint64, err error) {
	of := make([]uint64, len(terms))
	var lengths uint64 // a bit for each that a word may have: so most need no more than a glance
	for _, t := range terms {
		for _, w := range t.words {
			lengths |= 1 << min(len(w), 63)
		}
		if t.beginning != "" {
			lengths = math.MaxUint64
		}
	}
	ids, err = readBlock(last, content, func(word []byte, calls uint64) {
		if lengths>>min(len(word), 63)&1 == 0 {
			return
		}
		for i, t := range terms {
			if t.has(word) {
				of[i] |= calls
			}
		}
	})
	have = 1<<len(ids) - 1
	for _, calls := range of {
		have &= calls
	}
	return ids, have, err
}

// cutBlocks takes the calls before an id out of the blocks that have some of those and some from it on.
func cutBlocks(ctx context.Context, tx *sql.Tx, id int64) error {
	p := &putter{tx: tx, statements: map[string]*sql.Stmt{}}
	rows, err := tx.QueryContext(ctx, `SELECT last, content FROM call_block WHERE last >= ? AND last < ?`, id, id+min(blockSpan, math.MaxInt64-id))
	if err != nil {
		return err
	}
	defer rows.Close()
	var left []block
	var cut []int64
	for rows.Next() {
		var last int64
		var content sql.RawBytes
		if err := rows.Scan(&last, &content); err != nil {
			return err
		}
		b := newBlock()
		if b.ids, err = readBlock(last, content, func(word []byte, calls uint64) { b.calls[b.learn(string(word))] = calls }); err != nil {
			return err
		}
		gone, _ := slices.BinarySearch(b.ids, id)
		if gone == 0 {
			continue
		}
		b.ids = b.ids[gone:]
		for word, at := range b.index {
			if b.calls[at] >>= gone; b.calls[at] == 0 {
				delete(b.index, word)
			}
		}
		left, cut = append(left, b), append(cut, last)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for i, b := range left {
		for _, query := range []string{`DELETE FROM call_words WHERE rowid = ?`, `DELETE FROM call_block WHERE last = ?`} {
			if _, err := p.exec(ctx, query, cut[i]); err != nil {
				return err
			}
		}
		if err := b.write(ctx, p); err != nil {
			return err
		}
	}
	return nil
}
