package secret

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const hidden = "hunter2"

type holder struct {
	Public  Text
	private Text
	list    []Text
	byName  map[string]Text
}

func TestTextNeverShowsItsValue(t *testing.T) {
	text := New(hidden)
	h := holder{Public: text, private: text, list: []Text{text}, byName: map[string]Text{"k": text}}

	shown := map[string]string{
		"String":   text.String(),
		"GoString": text.GoString(),
		"error":    fmt.Errorf("cannot use %v: %w", text, errors.New("no")).Error(),
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10s", "%-10.3v", "%p", "%T"} {
		shown[verb] = fmt.Sprintf(verb, text)
		shown["pointer "+verb] = fmt.Sprintf(verb, &text)
		shown["struct "+verb] = fmt.Sprintf(verb, h)
		shown["struct pointer "+verb] = fmt.Sprintf(verb, &h)
	}
	for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
		"slog text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"slog json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var b bytes.Buffer
		slog.New(handler(&b)).Info("x", "text", text, "pointer", &text, "any", any(h), "group", slog.GroupValue(slog.Any("a", text)))
		shown[name] = b.String()
	}
	for name, marshal := range map[string]func(any) ([]byte, error){"json": json.Marshal, "xml": xml.Marshal} {
		encoded, err := marshal(holder{Public: text})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		shown[name] = string(encoded)
	}
	encoded, err := json.Marshal(map[string]any{"v": text, "p": &text, "l": h.list})
	if err != nil {
		t.Fatal(err)
	}
	shown["json map"] = string(encoded)

	for how, got := range shown {
		if strings.Contains(got, hidden) || strings.Contains(got, fmt.Sprintf("%x", hidden)) {
			t.Errorf("%s shows the value: %s", how, got)
		}
	}
	if want := `{"l":["••••"],"p":"••••","v":"••••"}`; string(encoded) != want {
		t.Errorf("json = %s, want %s", encoded, want)
	}
	if got := fmt.Sprintf("%s|%v|%q", text, text, text); got != "••••|••••|••••" {
		t.Errorf("verbs = %s", got)
	}
}

func TestTextEmptyAndEqual(t *testing.T) {
	var zero Text
	for _, empty := range []Text{zero, New("")} {
		if empty.String() != "" || empty.Reveal() != "" || !empty.Equal(zero) {
			t.Errorf("an empty text shows %q and holds %q", empty, empty.Reveal())
		}
		if encoded, err := json.Marshal(empty); err != nil || string(encoded) != `""` {
			t.Errorf("json of an empty text = %s, %v", encoded, err)
		}
	}
	if a, b := New(hidden), New(hidden); !a.Equal(b) || a.Reveal() != hidden {
		t.Error("two texts of one value are not equal")
	}
	if New("a").Equal(New("b")) || New("a").Equal(zero) {
		t.Error("different texts are equal")
	}
}
