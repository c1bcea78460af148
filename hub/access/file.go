package access

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"mcphub/hub/statedir"
)

// What is in the folder of the hubs' state.
const (
	folder   = "access" // that all the others are in
	fileName = "keys.json"
	lockName = "lock"
)

// lockPatience is how long another hub may take to change the file.
const lockPatience = 10 * time.Second

// state is what the file holds: of every token and session only the hash, in hex.
type state struct {
	Token    string         `json:"token,omitempty"` // that may do anything
	Clients  []clientRecord `json:"clients,omitempty"`
	Sessions []sessionEntry `json:"sessions,omitempty"` // of browsers
}

type clientRecord struct {
	Client
	Hash string `json:"hash"`
}

type sessionEntry struct {
	Hash    string    `json:"hash"`
	Expires time.Time `json:"expires"`
}

// read returns what the file holds; nothing if there is none.
func read(file string) (*state, error) {
	text, err := statedir.ReadPrivate(file)
	if errors.Is(err, fs.ErrNotExist) {
		return &state{}, nil
	}
	s := &state{}
	if err == nil {
		err = json.Unmarshal(text, s)
	}
	if err != nil {
		return nil, fmt.Errorf("read who may talk to the hub from %s: %w; if it is broken, remove it and create the clients' tokens anew", file, err)
	}
	return s, nil
}

// change changes the file, which is read and written under a lock.
func change(ctx context.Context, file string, edit func(*state) error) error {
	failed := func(err error) error { return fmt.Errorf("keep who may talk to the hub: %w", err) }
	release, err := lock(ctx, filepath.Dir(file))
	if err != nil {
		return failed(err)
	}
	defer release()
	s, err := read(file)
	if err != nil {
		return err
	}
	before, err := encode(s)
	if err != nil {
		return failed(err)
	}
	if err := edit(s); err != nil {
		return err
	}
	after, err := encode(s)
	if err == nil && !bytes.Equal(before, after) {
		err = statedir.WritePrivate(file, after)
	}
	if err != nil {
		return failed(err)
	}
	return nil
}

// lock makes a folder, and keeps other hubs from changing what is in it.
func lock(ctx context.Context, dir string) (release func(), err error) {
	if err := statedir.MakePrivate(dir); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	return statedir.Lock(ctx, filepath.Join(dir, lockName))
}

func encode(s *state) ([]byte, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}
