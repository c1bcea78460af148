package config

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"
)

// schemaObject is what the test needs of a schema.
type schemaObject struct {
	Schema      string                   `json:"$schema"`
	Description string                   `json:"description"`
	Default     any                      `json:"default"`
	Properties  map[string]*schemaObject `json:"properties"`
	Defs        map[string]*schemaObject `json:"$defs"`
}

// tags returns the keys that the code reads into a struct.
func tags(keys any) []string {
	var names []string
	for i := range reflect.TypeOf(keys).NumField() {
		names = append(names, reflect.TypeOf(keys).Field(i).Tag.Get("key"))
	}
	return names
}

func TestSchemaKnowsWhatTheCodeKnows(t *testing.T) {
	var schema schemaObject
	if err := json.Unmarshal(Schema, &schema); err != nil {
		t.Fatal(err)
	}
	if schema.Schema != "https://json-schema.org/draft/2020-12/schema" {
		t.Errorf("dialect is %s", schema.Schema)
	}
	server, zed := schema.Defs["server"], schema.Defs["zedServer"]
	if server == nil || zed == nil {
		t.Fatal("the definitions of servers are missing")
	}
	inZed := slices.Concat(slices.Collect(maps.Keys(zed.Properties)), slices.Collect(maps.Keys(zed.Properties["command"].Properties)))
	inZed = slices.DeleteFunc(inZed, func(key string) bool { return slices.Contains(tags(serverKeys{}), key) })
	for _, level := range []struct {
		name         string
		schema, code []string
	}{
		{"file", slices.Collect(maps.Keys(schema.Properties)), append(slices.Clone(serverLists), "hub")},
		{"hub", slices.Collect(maps.Keys(schema.Properties["hub"].Properties)), tags(hubKeys{})},
		{"hub.marketplace", slices.Collect(maps.Keys(schema.Properties["hub"].Properties["marketplace"].Properties)), tags(marketKeys{})},
		{"hub.marketplace.sources", slices.Collect(maps.Keys(schema.Defs["marketSource"].Properties)), tags(sourceKeys{})},
		{"hub.history", slices.Collect(maps.Keys(schema.Properties["hub"].Properties["history"].Properties)), tags(historyKeys{})},
		{"hub.updates", slices.Collect(maps.Keys(schema.Properties["hub"].Properties["updates"].Properties)), tags(updateKeys{})},
		{"server", slices.Collect(maps.Keys(server.Properties)), tags(serverKeys{})},
		{"server.oauth", slices.Collect(maps.Keys(server.Properties["oauth"].Properties)), tags(oauthKeys{})},
		{"server.dev", slices.Collect(maps.Keys(server.Properties["dev"].Properties)), tags(devKeys{})},
		{"zed", inZed, tags(zedKeys{})},
	} {
		slices.Sort(level.schema)
		slices.Sort(level.code)
		if !slices.Equal(level.schema, level.code) {
			t.Errorf("%s: the schema has %v, the code reads %v", level.name, level.schema, level.code)
		}
	}
	described(t, "", &schema)
}

func described(t *testing.T, path string, s *schemaObject) {
	t.Helper()
	for name, property := range s.Properties {
		if property.Description == "" {
			t.Errorf("%s.%s has no description", path, name)
		}
		described(t, path+"."+name, property)
	}
	for name, definition := range s.Defs {
		described(t, path+"#"+name, definition)
	}
}

func TestSchemaTellsTheDefaults(t *testing.T) {
	var schema schemaObject
	if err := json.Unmarshal(Schema, &schema); err != nil {
		t.Fatal(err)
	}
	hub, standard := schema.Properties["hub"].Properties, DefaultSettings()
	for key, want := range map[string]any{
		"builtin": standard.Builtin, "nameLimit": float64(standard.NameLimit), "pageSize": float64(standard.PageSize),
		"instructionsLimit": float64(standard.InstructionsLimit),
	} {
		if hub[key].Default != want {
			t.Errorf("hub.%s has default %v, want %v", key, hub[key].Default, want)
		}
	}
	history := hub["history"].Properties
	for key, want := range map[string]any{
		"enabled": standard.History.Enabled, "days": float64(standard.History.Days), "maxMB": float64(standard.History.MaxMB),
		"bodies": standard.History.Bodies, "bodyLimit": float64(standard.History.BodyLimit),
	} {
		if history[key].Default != want {
			t.Errorf("hub.history.%s has default %v, want %v", key, history[key].Default, want)
		}
	}
	if check := hub["updates"].Properties["check"].Default; check != standard.Updates.Check {
		t.Errorf("hub.updates.check has default %v, want %v", check, standard.Updates.Check)
	}
	var watch []string
	for _, pattern := range schema.Defs["server"].Properties["dev"].Properties["watch"].Default.([]any) {
		watch = append(watch, pattern.(string))
	}
	if !slices.Equal(watch, defaultWatch) {
		t.Errorf("dev.watch has default %v, want %v", watch, defaultWatch)
	}
}
