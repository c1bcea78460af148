package client_test

import (
	"testing"

	"mcphub/hub/hubtest"
)

func TestMain(m *testing.M) { hubtest.Main(m) }
