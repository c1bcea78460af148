package client_test

import (
	"os"
	"testing"

	"mcphub/hub/hubtest"
)

// squatterEnv makes the test binary a program that takes a port.
const squatterEnv = "CLIENT_TEST_SQUATTER"

func TestMain(m *testing.M) {
	if os.Getenv(squatterEnv) != "" {
		squatter()
	}
	hubtest.Main(m)
}
