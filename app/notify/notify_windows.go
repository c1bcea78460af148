package notify

import (
	"strconv"
	"sync"

	"git.sr.ht/~jackmordaunt/go-toast/v2"
)

// remembered is how many notifications can still be clicked.
const remembered = 50

type system struct {
	mu     sync.Mutex
	begun  bool
	last   int
	clicks map[string]func()
}

func (s *system) show(title, text string, clicked func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.begun {
		if err := toast.SetAppData(toast.AppData{AppID: "MCP Hub", GUID: "{7b0f4f0e-52b1-4f0c-9c5b-5d0c1d5a4a35}"}); err != nil {
			return err
		}
		toast.SetActivationCallback(s.acted)
		s.begun, s.clicks = true, map[string]func(){}
	}
	s.last++
	key := strconv.Itoa(s.last)
	s.clicks[key] = clicked
	delete(s.clicks, strconv.Itoa(s.last-remembered))
	n := toast.Notification{AppID: "MCP Hub", Title: title, Body: text, ActivationArguments: key}
	return n.Push()
}

func (s *system) acted(key string, _ []toast.UserData) {
	s.mu.Lock()
	clicked := s.clicks[key]
	delete(s.clicks, key)
	s.mu.Unlock()
	if clicked != nil {
		clicked()
	}
}
