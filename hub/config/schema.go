package config

import _ "embed"

// Schema is the JSON Schema (2020-12) of a configuration file, with the meaning and default of every key.
//
//go:embed schema.json
var Schema []byte
