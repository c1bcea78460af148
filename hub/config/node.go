package config

import (
	"encoding/json"
	"reflect"

	"mcphub/hub/json5"
)

// fill sets each *json5.Node field of the struct that keys points to, to the value of the key in its tag.
func fill(n *json5.Node, keys any) {
	fields := reflect.ValueOf(keys).Elem()
	for i := range fields.NumField() {
		if value := n.Get(fields.Type().Field(i).Tag.Get("key")); value != nil {
			fields.Field(i).Set(reflect.ValueOf(value))
		}
	}
}

// truthy reports whether JavaScript takes the value for true.
func truthy(n *json5.Node) bool {
	switch {
	case n == nil || n.Kind == json5.Null:
		return false
	case n.Kind == json5.Bool:
		return n.Text == "true"
	case n.Kind == json5.String:
		return n.Text != ""
	case n.Kind == json5.Number:
		f, err := json.Number(n.Strict()).Float64()
		return err != nil || f != 0
	}
	return true
}

// scalar returns the text of a string, and the JSON of anything else.
func scalar(n *json5.Node) string {
	if n.Kind == json5.String {
		return n.Text
	}
	return string(n.Strict())
}

// texts returns the strings of an array, without the items that are none.
func texts(n *json5.Node) []string {
	if n == nil {
		return nil
	}
	var list []string
	for _, item := range n.Items {
		if item.Kind == json5.String {
			list = append(list, item.Text)
		}
	}
	return list
}
