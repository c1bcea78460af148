package store

import (
	"bytes"
	"context"
	"fmt"
	"math/bits"
	"time"
)

// The items of an order other than ByRelevance fall into bands: those of one band all come before those of the next. The
// names of the bands sort as the bands do, and each is a word of the index, as a facet is. So where a search finds very
// many items, only those of the bands that the page is in have to be put in order.

// alike ends the name of a band whose items the order does not tell apart.
const alike = "x"

// bands returns the names of the bands that an item is in, one of each order.
func (i *MarketItem) bands() []string {
	letter := 0
	if i.Title != "" {
		if letter = int(i.Title[0]); 'A' <= letter && letter <= 'Z' { // titles are compared without regard to case
			letter += 'a' - 'A'
		}
	}
	byTitle := bandName(ByTitle, letter)
	byStars := bandName(ByStars, 0xffff-64-bits.Len(uint(max(i.Stars, 0))))
	if i.Stars < 32 { // as most have
		byStars = bandName(ByStars, 0xffff-max(i.Stars, 0)) + alike
	}
	byUpdated := bandName(ByUpdated, 0xffff) + alike
	if at := i.updated(); at > 0 {
		month := time.Unix(at, 0).UTC()
		byUpdated = bandName(ByUpdated, max(0xfffe-12*(month.Year()-1970)-int(month.Month()), 0))
	}
	return []string{byTitle, byStars, byUpdated}
}

func bandName(order MarketOrder, place int) string { return fmt.Sprintf("b%d%04x", order, place) }

// banded returns the bodies of a page of what matches, in an order other than ByRelevance.
func (d *DB) banded(ctx context.Context, q MarketQuery, match string) (bodies [][]byte, err error) {
	names, err := d.bodies(ctx, `SELECT name FROM market_band WHERE name BETWEEN ? AND ? ORDER BY name`, bandName(q.Order, 0), bandName(q.Order, 0xffff)+alike)
	if err != nil {
		return nil, err
	}
	offset := q.Offset
	for _, name := range names {
		within := match + ` AND facets : ` + string(name)
		if offset > 0 {
			n, err := d.count(ctx, within, offset+1)
			if err != nil {
				return nil, err
			}
			if n <= offset {
				offset -= n
				continue
			}
		}
		rows := matching + ` ORDER BY rowid`
		if !bytes.HasSuffix(name, []byte(alike)) {
			rows = `SELECT rowid AS row FROM market_item WHERE rowid IN (` + matching + `)` + orders[q.Order]
		}
		part, err := d.page(ctx, rows, q.Limit-len(bodies), offset, within)
		if err != nil {
			return nil, err
		}
		if bodies, offset = append(bodies, part...), 0; len(bodies) == q.Limit {
			break
		}
	}
	return bodies, nil
}
