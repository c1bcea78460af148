package upstream

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"mcphub/hub/config"
)

// State is where a server is in its life.
type State string

// The states. Only next decides between them.
const (
	Disabled    State = "disabled"    // switched off in the configuration
	Idle        State = "idle"        // stopped by a person, for this run of the hub
	Starting    State = "starting"    // being started or reached
	Authorizing State = "authorizing" // reached, but a person has to sign in
	Ready       State = "ready"       // connected, its lists read
	Retrying    State = "retrying"    // failed, will be tried again by itself
	Failed      State = "failed"      // failed, and trying again cannot help: a person must act
	Stopping    State = "stopping"    // being ended
)

// States are all of them.
var States = []State{Disabled, Idle, Starting, Authorizing, Ready, Retrying, Failed, Stopping}

// link is what there is of a connection.
type link uint8

const (
	linkNone link = iota
	linkDialing
	linkUp
	linkClosing
)

// outcome is how the last attempt, or the last connection, ended.
type outcome uint8

const (
	outcomeNone outcome = iota
	outcomeTransient
	outcomeUnauthorized
	outcomePermanent
)

func outcomeOf(err error) outcome {
	var unauthorized *UnauthorizedError
	switch {
	case errors.As(err, new(permanent)):
		return outcomePermanent
	case errors.As(err, &unauthorized):
		return outcomeUnauthorized
	}
	return outcomeTransient
}

// facts is all that decides over a server's state.
type facts struct {
	disabled bool // by its configuration
	invalid  bool // its configuration cannot run
	stopped  bool // by a person
	stale    bool // what is running must make room: its configuration changed, or a restart was asked for
	link     link
	last     outcome
	waiting  bool // the time of the next attempt has not come
}

// wanted reports whether the server should run.
func (f *facts) wanted() bool { return !f.disabled && !f.invalid && !f.stopped }

// reconfigure takes a change of the server's configuration. It reports whether the server has to be connected anew, and
// nothing that was learned of it holds any more.
func (f *facts) reconfigure(old, fresh *config.Server) (anew bool) {
	anew = fresh.Fingerprint != old.Fingerprint || fresh.Err != nil || old.Err != nil
	if anew {
		f.stale, f.stopped, f.invalid = f.link != linkNone, false, fresh.Err != nil
	}
	if fresh.Disabled != old.Disabled {
		f.disabled, f.stopped = fresh.Disabled, false
	}
	return anew
}

// next is the state that follows from the facts.
func next(f facts) State {
	switch {
	case f.link != linkNone && (!f.wanted() || f.stale):
		return Stopping
	case f.disabled:
		return Disabled
	case f.invalid:
		return Failed
	case f.stopped:
		return Idle
	case f.link == linkUp:
		return Ready
	case f.link == linkDialing:
		return Starting
	case f.last == outcomeUnauthorized:
		return Authorizing
	case f.last == outcomePermanent:
		return Failed
	case f.waiting || f.link == linkClosing:
		return Retrying
	}
	return Starting
}

// settled is how long a connection must last for the failures before it to be forgotten.
const settled = 30 * time.Second

// backoff is how long to wait before the next attempt after so many failures in a row: from about 0.2 s, doubling, to
// about a minute, with jitter so that servers do not come back all at once.
func backoff(failures int) time.Duration {
	d := min(time.Minute, 200*time.Millisecond<<min(failures-1, 10))
	return d/2 + rand.N(d/2+1)
}

// Level grades a server's health.
type Level string

// The levels: Off is nothing to worry about, Warn heals by itself, Error needs a person.
const (
	LevelOK    Level = "ok"
	LevelOff   Level = "off"
	LevelWarn  Level = "warn"
	LevelError Level = "error"
)

// Health is a server's state in words for people. It is worked out here only; everyone else shows it.
type Health struct {
	Level   Level  `json:"level"`
	Summary string `json:"summary"`          // one sentence
	Action  string `json:"action,omitempty"` // what to do; empty if there is nothing to do
}

// health puts a status into words.
func health(s *Status) Health {
	switch s.State {
	case Disabled:
		return Health{LevelOff, "Switched off in the configuration.", ""}
	case Idle:
		return Health{LevelOff, "Stopped.", "Start it when you need it."}
	case Stopping:
		return Health{LevelOff, "Stopping.", ""}
	case Starting:
		return Health{LevelWarn, "Starting.", ""}
	case Authorizing:
		return Health{LevelError, fmt.Sprintf("Not signed in: %s.", s.Err), "Sign in, or give a token in the server's headers."}
	case Retrying:
		if s.missing != nil {
			return Health{LevelError, "Waiting: " + s.missing.Message + ".", sentence(s.missing.Action) + " It is tried again by itself."}
		}
		if s.Failures < 3 {
			return Health{LevelWarn, fmt.Sprintf("Restarting: %s.", s.Err), ""}
		}
		return Health{LevelError, fmt.Sprintf("Failed %d times in a row: %s.", s.Failures, s.Err), "Read the server's log. It is tried again by itself."}
	case Failed:
		if s.missing != nil {
			return Health{LevelError, "Cannot run: " + s.missing.Message + ".", sentence(s.missing.Action) + " The server then starts by itself."}
		}
		return Health{LevelError, fmt.Sprintf("Cannot run: %s.", s.Err), "Mend its configuration; it starts when the file is saved."}
	}
	if s.More != "" {
		return Health{LevelWarn, "Connected, but a call was refused: " + s.More + ".", "Sign in again."}
	}
	if len(s.Problems) > 0 {
		return Health{LevelWarn, "Connected, but incomplete: " + s.Problems[0] + ".", "Read the server's log."}
	}
	return Health{LevelOK, "Connected.", ""}
}

// sentence makes a sentence of its words.
func sentence(text string) string {
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
