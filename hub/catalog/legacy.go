package catalog

import "mcphub/hub/jsonrpc"

// legacyType is the type of the members of a tool that legacy clients check, by its first byte.
var legacyType = map[string]byte{
	"title": '"', "description": '"', "icons": '[', "annotations": '{', "execution": '{', "outputSchema": '{', "_meta": '{',
}

// forLegacy adapts a tool's definition to clients of revisions up to 2025-11-25, which refuse the whole list for one
// tool that has a member of another type than they know, or schemas that are not of objects. It returns raw itself if
// nothing is to be done.
func forLegacy(raw []byte) []byte {
	return reshape(raw, func(key string, value []byte) []byte {
		switch want := legacyType[key]; {
		case want != 0 && jsonrpc.Type(value) != want:
			return nil
		case key == "inputSchema":
			return objectSchema(value)
		case key == "outputSchema":
			if jsonrpc.String(jsonrpc.Get(value, jsonrpc.All(value), "type").In(value)) != "object" {
				return nil
			}
			return objectSchema(value)
		}
		return value
	})
}

// objectSchema makes a JSON schema one of objects in which required is an array, and properties holds objects alone:
// true and false have equals among them.
func objectSchema(schema []byte) []byte {
	typed := false
	out := reshape(schema, func(key string, value []byte) []byte {
		switch {
		case key == "type":
			if typed = true; jsonrpc.String(value) != "object" {
				return []byte(`"object"`)
			}
		case key == "required" && jsonrpc.Type(value) != '[', key == "properties" && jsonrpc.Type(value) != '{':
			return nil
		case key == "properties":
			return reshape(value, func(_ string, property []byte) []byte {
				switch jsonrpc.Type(property) {
				case '{':
					return property
				case 'f':
					return []byte(`{"not":{}}`)
				}
				return []byte("{}")
			})
		}
		return value
	})
	if !typed {
		return jsonrpc.Splice(nil, out, jsonrpc.Prepend(out, jsonrpc.All(out), `"type":"object"`))
	}
	return out
}

// reshape returns the object raw with each member's value as f wants it: itself, another one, or nil for no such
// member. If all values stay, it is raw itself.
func reshape(raw []byte, f func(key string, value []byte) []byte) []byte {
	out, changed := []byte("{"), false
	for it := jsonrpc.Members(raw, jsonrpc.All(raw)); it.Next(); {
		value := it.Value.In(raw)
		wanted := f(jsonrpc.String(it.Key.In(raw)), value)
		changed = changed || wanted == nil || &wanted[0] != &value[0]
		if wanted == nil {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, it.Key.In(raw)...), ':'), wanted...)
	}
	if !changed {
		return raw
	}
	return append(out, '}')
}
