package market

import (
	_ "embed"
	"encoding/json"
)

// builtin is the source of the items that the hub brings along, for a first start without a network. They are in the
// index as long as no other source could be read.
const builtin = "builtin"

//go:embed builtin.json
var builtinCatalog []byte

// builtinItems returns the catalog; a test makes sure that all of it can be read.
func builtinItems() []Item {
	var raw []json.RawMessage
	_ = json.Unmarshal(builtinCatalog, &raw)
	var items []Item
	for _, r := range raw {
		if item, ok := communityItem(r); ok {
			items = append(items, item)
		}
	}
	return items
}
