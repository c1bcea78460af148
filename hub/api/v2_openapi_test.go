package api

import (
	"bytes"
	"flag"
	"net/http"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the files that tests compare with anew")

// TestOpenAPI: the description that stands in the repository is that of the routes.
func TestOpenAPI(t *testing.T) {
	got, err := openAPI((&v2{rest: &rest{Deps{Live: nothing{}}}}).register(http.NewServeMux()))
	if err != nil {
		t.Fatal(err)
	}
	const file = "openapi.json"
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the routes are: run go test ./hub/api -run OpenAPI -update", file)
	}
}
