package store

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// perDoubling is how many bins of a histogram a duration passes while it doubles: each is wider than the one before by 12 %,
// so that its middle is within 6 % of all that is in it.
const perDoubling = 6

// durations is a histogram of durations, from a microsecond to more than an hour.
type durations [perDoubling * 32]uint32

func (d *durations) add(took time.Duration) { d[binOf(took)]++ }

func binOf(took time.Duration) int {
	us := took.Microseconds()
	if us < 1 {
		return 0
	}
	return min(int(perDoubling*math.Log2(float64(us))), len(durations{})-1)
}

// quantile returns the duration that a part of all do not exceed; 0 if there are none.
func (d *durations) quantile(part float64) time.Duration {
	total := uint64(0)
	for _, n := range d {
		total += uint64(n)
	}
	rank, sum := uint64(math.Ceil(part*float64(total))), uint64(0)
	for bin, n := range d {
		if sum += uint64(n); n > 0 && sum >= rank {
			return time.Duration(math.Exp2((float64(bin)+0.5)/perDoubling) * float64(time.Microsecond))
		}
	}
	return 0
}

// append writes the bins that are not empty: of each how many empty ones stand before it, and its count.
func (d *durations) append(text []byte) []byte {
	empty := uint64(0)
	for _, n := range d {
		if n == 0 {
			empty++
			continue
		}
		text = binary.AppendUvarint(binary.AppendUvarint(text, empty), uint64(n))
		empty = 0
	}
	return text
}

var errHistogram = errors.New("histogram of durations cannot be read")

// each reads what append wrote.
func eachBin(text []byte, add func(bin int, n uint32)) error {
	for bin := 0; len(text) > 0; bin++ {
		empty, a := binary.Uvarint(text)
		if a <= 0 {
			return errHistogram
		}
		n, b := binary.Uvarint(text[a:])
		if b <= 0 || n > math.MaxUint32 || empty >= uint64(len(durations{})-bin) {
			return errHistogram
		}
		bin += int(empty)
		add(bin, uint32(n))
		text = text[a+b:]
	}
	return nil
}
