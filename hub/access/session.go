package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"slices"
	"time"
)

// How long a browser's session and the code that begins it hold, and how many of each there can be.
const (
	sessionLife = 30 * 24 * time.Hour
	codeLife    = time.Minute
	maxSessions = 50
	maxCodes    = 16
)

// errCode says that a code is not one, or no more.
var errCode = errors.New("the code has been used already, or has expired: it is good for one time, within a minute")

// code can be turned into a session, once.
type code struct {
	hash    [sha256.Size]byte
	expires time.Time
}

// NewCode returns a code that opens a browser session, once, and until when.
func (k *Keys) NewCode() (string, time.Time) {
	text, expires := rand.Text(), time.Now().Add(codeLife)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dropCodes()
	if len(k.codes) == maxCodes {
		k.codes = slices.Delete(k.codes, 0, 1)
	}
	k.codes = append(k.codes, code{sha256.Sum256([]byte(text)), expires})
	return text, expires
}

func (k *Keys) dropCodes() {
	k.codes = slices.DeleteFunc(k.codes, func(c code) bool { return time.Now().After(c.expires) })
}

// redeem takes a code and returns the cookie of a new session.
func (k *Keys) redeem(ctx context.Context, text string) (string, error) {
	sum, found := sha256.Sum256([]byte(text)), -1
	k.mu.Lock()
	k.dropCodes()
	for i := range k.codes {
		if subtle.ConstantTimeCompare(k.codes[i].hash[:], sum[:]) == 1 {
			found = i
		}
	}
	if found >= 0 {
		k.codes = slices.Delete(k.codes, found, found+1)
	}
	k.mu.Unlock()
	if found < 0 {
		return "", errCode
	}
	return k.begin(ctx)
}

// begin begins a session and returns its cookie. Of too many sessions the oldest ends.
func (k *Keys) begin(ctx context.Context) (string, error) {
	cookie := rand.Text()
	sum := sha256.Sum256([]byte(cookie))
	return cookie, k.edit(ctx, func(s *state) error {
		s.Sessions = slices.DeleteFunc(s.Sessions, func(e sessionEntry) bool { return time.Now().After(e.Expires) })
		s.Sessions = s.Sessions[max(0, len(s.Sessions)+1-maxSessions):]
		s.Sessions = append(s.Sessions, sessionEntry{hex.EncodeToString(sum[:]), time.Now().Add(sessionLife).UTC().Truncate(time.Second)})
		return nil
	})
}
