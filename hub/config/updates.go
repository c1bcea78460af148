package config

import (
	"net/url"

	"mcphub/hub/json5"
)

// Updates says whether the hub looks for newer versions of itself, the object "hub.updates".
type Updates struct {
	Check bool   // default false
	Feed  string // address of what tells of releases; empty: the one that the program was built with, if any
}

// updateKeys are the keys of the object "hub.updates".
type updateKeys struct {
	Check *json5.Node `key:"check"`
	Feed  *json5.Node `key:"feed"`
}

// read sets what the file says and complains of what has a wrong type, which keeps its default.
func (u *Updates) read(n *json5.Node, complain func(at *json5.Node, message string)) {
	if n.Kind != json5.Object {
		complain(n, "hub.updates must be an object")
		return
	}
	var keys updateKeys
	fill(n, &keys)
	setBool(&u.Check, keys.Check, "hub.updates.check", complain)
	if keys.Feed == nil {
		return
	}
	address, err := url.Parse(keys.Feed.Text)
	if !keys.Feed.Is(json5.String) || err != nil || !validURL(keys.Feed.Text) || address.User != nil {
		complain(keys.Feed, "hub.updates.feed must be an https address without a user")
		return
	}
	u.Feed = keys.Feed.Text
}
