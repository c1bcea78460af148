//go:build desktop && !darwin

package tray

import lib "github.com/getlantern/systray"

type menuItem = lib.MenuItem

var (
	addItem         = lib.AddMenuItem
	addItemCheckbox = lib.AddMenuItemCheckbox
	addSeparator    = lib.AddSeparator
	setIcon         = lib.SetIcon
	setTooltip      = lib.SetTooltip
	quit            = lib.Quit
)

func run(ready func()) {
	connect()
	lib.Run(ready, nil)
}
