package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"mcphub/app/autostart"
)

// autostartCommand has the program started when the person logs in.
func autostartCommand() *cobra.Command {
	service := false
	cmd := &cobra.Command{
		Use: "autostart on|off|status", Short: "Start at login, or not", Args: exactly(1), ValidArgs: []string{"on", "off", "status"},
		Long: `Have this program started when you log in to the desktop, without its window. With --systemd it is the hub alone, which
systemd starts when you log in in whichever way; "off" ends both.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			program, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find this program: %w", err)
			}
			switch args[0] {
			case "on":
				on := func() error { return autostart.On(autostart.Entry{Program: program, Args: []string{"--hidden"}}) }
				if service {
					on = func() error {
						return autostart.ServiceOn(cmd.Context(), autostart.Entry{Program: program, Args: []string{"--watch"}})
					}
				}
				if err := on(); err != nil {
					return err
				}
			case "off":
				if err := autostart.Off(); err != nil {
					return err
				}
			case "status":
			default:
				return badArgument("say on, off or status, not %q", args[0])
			}
			where, err := autostart.Where()
			if err != nil {
				return err
			}
			text := "off"
			switch {
			case autostart.ServiceEnabled():
				text = "on, by systemd"
			case autostart.Enabled():
				text = "on, by " + where
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), text)
			return err
		},
	}
	cmd.Flags().BoolVar(&service, "systemd", false, "have systemd start the hub without tray and window")
	return cmd
}
