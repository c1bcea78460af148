//go:build man

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// A program built with the tag "man" is no hub: it writes the manual pages of its commands into the folder that its first
// argument names, since what makes them has no place in the hub. The second argument is a file with the part of mcp-hub(1) that
// is written by hand. SOURCE_DATE_EPOCH, in seconds, is the pages' date.
func init() {
	err := fmt.Errorf("use it as %s FOLDER FILE", os.Args[0])
	if len(os.Args) == 3 {
		err = manual(os.Args[1], os.Args[2])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "man:", err)
		os.Exit(exitFailure)
	}
	os.Exit(0)
}

func manual(dir, byHand string) error {
	more, err := os.ReadFile(byHand)
	if err != nil {
		return err
	}
	epoch, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	root := command(os.Stderr)
	root.InitDefaultCompletionCmd()
	return page(root, dir, time.Unix(epoch, 0).UTC(), more)
}

// page writes the page of a command, and those of the commands below it.
func page(cmd *cobra.Command, dir string, date time.Time, more []byte) error {
	cmd.DisableAutoGenTag = true
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	var text bytes.Buffer
	header := &doc.GenManHeader{Section: "1", Date: &date, Source: "MCP Hub " + version, Manual: "MCP Hub"}
	if err := doc.GenMan(cmd, header, &text); err != nil {
		return err
	}
	roff := typeset(text.Bytes(), date)
	if !cmd.HasParent() {
		codes := exitCode.ReplaceAllString(strings.TrimPrefix(exitCodes, "\nExit codes:\n"), ".TP\n$1\n$2")
		roff = bytes.Replace(roff, []byte(".SH SEE ALSO\n"), []byte(".SH EXIT STATUS\n"+codes+"\n"+string(more)+"\n.SH SEE ALSO\n"), 1)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".1"), roff, 0o600); err != nil {
		return err
	}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			if err := page(sub, dir, date, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

var (
	option   = regexp.MustCompile(`(?m)^(?:\.PP\n)?(\\fB-.*)\n\t`)
	exitCode = regexp.MustCompile(`(?m)^  (\d)  (.*)`)
)

// typeset mends what the library makes of flags and of the date: flags are tagged paragraphs, with the hyphens of a terminal
// and without defaults that say nothing.
func typeset(roff []byte, date time.Time) []byte {
	roff = option.ReplaceAllFunc(roff, func(found []byte) []byte {
		flag := string(option.FindSubmatch(found)[1])
		for _, nothing := range []string{"[=false]", `=""`, "=[]", "=0"} {
			flag = strings.TrimSuffix(flag, nothing)
		}
		return []byte(".TP\n" + strings.ReplaceAll(flag, "-", `\-`) + "\n")
	})
	return bytes.Replace(roff, []byte(date.Format(`"Jan 2006"`)), []byte(date.Format(`"2006-01-02"`)), 1)
}
