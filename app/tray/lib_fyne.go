//go:build desktop && darwin

package tray

import lib "fyne.io/systray"

// On macOS the library of the other systems cannot be linked beside the window's: both define the class AppDelegate. This
// is its fork with the same interface.

type menuItem = lib.MenuItem

var (
	addItem         = lib.AddMenuItem
	addItemCheckbox = lib.AddMenuItemCheckbox
	addSeparator    = lib.AddSeparator
	setTooltip      = lib.SetTooltip
	quit            = lib.Quit
)

func setIcon(image []byte) { lib.SetTemplateIcon(image, image) }

func run(ready func()) { lib.Run(ready, nil) }
