// Package notify owns showing notifications on the desktop, and hearing of clicks on them.
//
// It must not know what is worth telling.
package notify

import "log/slog"

// Notifier shows notifications, as long as the process runs. Where none can be shown it does nothing.
type Notifier struct {
	log *slog.Logger
	system
}

// New returns a notifier. It connects when it is used.
func New(log *slog.Logger) *Notifier { return &Notifier{log: log} }

// Tell shows a notification. The texts may be others'. If the person clicks it, clicked is called.
func (n *Notifier) Tell(title, text string, clicked func()) {
	if err := n.show(title, text, clicked); err != nil {
		n.log.Debug("a notification cannot be shown", "err", err)
	}
}
