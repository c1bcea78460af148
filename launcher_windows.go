package main

import "os"

// launcherEnd takes the launcher's process id. It returns what waits until that process has ended.
func launcherEnd(pid int) (ended func() bool) {
	launcher, err := os.FindProcess(pid)
	if err != nil {
		return func() bool { return true }
	}
	return func() bool {
		_, err := launcher.Wait()
		return err == nil
	}
}
