package store

import (
	"errors"
	"time"

	"mcphub/hub/record"
)

// ErrNoCall says that the history has no such call, or no more.
var ErrNoCall = errors.New("no such call in the history")

// Call is a call of the history.
type Call struct {
	ID int64 // Unix microseconds of its time, moved where several calls have the same: newer calls have higher ids
	record.Call
	KeptArgs, KeptResult *Body // nil if not kept; Args and Result of the record are not set
}

// Body is what was kept of arguments or of a result.
type Body struct {
	Text      string // JSON, or the beginning of it if it is truncated
	Truncated bool
	Redacted  bool // secrets in it were replaced
}

// CallQuery says which calls are wanted. Empty fields match everything.
type CallQuery struct {
	Server, Name, Client string // all of it, case counts
	Token                string // likewise
	Kind                 record.Kind
	Outcome              record.Outcome
	Failed               bool      // only those that failed
	Since, Until         time.Time // Until is the first moment that is too late
	Words                string    // all must be in its server, name, client, token's name, error or arguments; one that is in no call at all may be the beginning of one that is. Case and accents do not count
	Before               int64     // only calls with lower ids; 0 for the newest
	Limit                int       // at least 1
	Bodies               bool      // with arguments and results
}

// Counts is what came of some calls. Durations are within 6 % of the true ones, in the time that the hub took for all.
type Counts struct {
	Calls, Failed int
	P50, P95      time.Duration // 0 without calls
}

// Summary is what came of all calls of a time. All of it is made from the same numbers, so that its parts agree.
type Summary struct {
	Since, Until time.Time     // the time that it is of: that of the query, moved outwards to whole buckets
	Bucket       time.Duration // that of the query, or the shortest for which there are numbers
	Total        Counts
	Buckets      []Counts // one after the other from Since to Until
	Servers      []ServerSummary
	Tools        []ToolSummary // the slowest first, by P95
}

// ServerSummary is what came of the calls of one server.
type ServerSummary struct {
	Server string
	Total  Counts
	Strip  []Counts // as Buckets, without durations
}

// ToolSummary is what came of the calls of one thing that a server offers.
type ToolSummary struct {
	Server, Name string
	Kind         record.Kind
	Total        Counts
}

// SummaryQuery says what to sum up.
type SummaryQuery struct {
	Since, Until time.Time
	Bucket       time.Duration // at least a minute
	Server       string        // empty for all
}

// Happening is something that happened to a server, or to the hub if Server is empty.
type Happening struct {
	ID     int64 // as that of a call
	Time   time.Time
	Kind   string // as its publisher names it
	Server string
	Level  string // the server's health after it: ok, off, warn or error; empty if it is not about that
	Text   string // for people
}

// HappeningQuery says which happenings are wanted. Empty fields match everything.
type HappeningQuery struct {
	Server, Kind string
	Since, Until time.Time
	Before       int64 // only those with lower ids; 0 for the newest
	Limit        int   // at least 1
}

// HistoryStatus is how the history is.
type HistoryStatus struct {
	Settings HistorySettings
	Queued   int       // records that wait to be written
	Room     int       // how many may wait
	Written  int64     // records, of this run of the hub
	Dropped  int64     // records that found no room, or could not be written, likewise
	Bare     int64     // records that were written without arguments and result because too many waited, likewise
	Bytes    int64     // of the database on disk, with all that is in it
	Oldest   time.Time // of the oldest call; zero if there is none
	Problem  string    // why nothing is written now; empty while all is well
	Damaged  []string  // files of damaged databases that were set aside, oldest first; they stay until somebody deletes them
}

// HistorySettings say what is recorded and how long it is kept.
type HistorySettings struct {
	Enabled   bool
	Days      int   // how long, at least 1
	MaxBytes  int64 // how large the database may become
	Bodies    bool  // whether arguments and results are kept
	BodyLimit int   // how many bytes of each
	Servers   map[string]Keep
}

// Keep says what is recorded of one server.
type Keep int

// All that the settings say, which holds for servers that are not named; all but arguments and results; nothing.
const (
	KeepAll Keep = iota
	KeepNoBodies
	KeepNothing
)
