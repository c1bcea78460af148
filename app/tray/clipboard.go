//go:build desktop

package tray

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// copyPatience is how long a program may take to put a text into the clipboard.
const copyPatience = 5 * time.Second

// pipe hands a text to a program.
func pipe(text, program string) error {
	ctx, cancel := context.WithTimeout(context.Background(), copyPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program)
	cmd.Stdin = strings.NewReader(text)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("copy with %s: %w", program, err)
	}
	return nil
}
