package devserver

// What is typed at the terminal.
// https://developers.cloudflare.com/workers/wrangler/commands/#dev

import (
	"os"
	"os/exec"
	"runtime"
)

// Keys is the bar of the keys that a [Watch] knows.
const Keys = "[b] open a browser  [c] clear console  [r] reload  [h] hibernate all  [x] exit"

// ErrExit is the error of a watch that a key has ended.
var ErrExit = &Interrupted{}

// clearScreen clears a terminal and what has scrolled by.
const clearScreen = "\x1b[H\x1b[2J\x1b[3J"

// press does what a key is for. It reports whether the program is to be built
// again; the error ends the watch.
func (w *Watch) press(key byte) (again bool, err error) {
	switch key {
	case 'b':
		if w.current != nil {
			if err := browse(w.current.url); err != nil {
				w.Log.Say("no browser can be started: " + err.Error())
			}
		}
	case 'c':
		w.Log.print(clearScreen + Keys)
	case 'r':
		return true, nil
	case 'h':
		if w.current != nil {
			w.current.tell(tellHibernate)
		}
	case 'x', 'q':
		w.Log.Print(msgStopping)
		w.end(os.Interrupt)
		return false, ErrExit
	}
	return false, nil
}

// browse opens a page in the user's browser, if there is one.
func browse(url string) error {
	c := exec.Command("xdg-open", url)
	switch runtime.GOOS {
	case "darwin":
		c = exec.Command("open", url)
	case "windows":
		c = exec.Command("rundll32", "url.dll,FileProtocolHandler", url)
	}
	err := c.Start()
	if err == nil {
		go c.Wait()
	}
	return err
}

// Typed gives what is typed at a terminal until restore is called; an error is
// no terminal.
func Typed(f *os.File) (keys <-chan byte, restore func(), err error) {
	restore, err = keyMode(f)
	if err != nil {
		return nil, nil, err
	}
	typed := make(chan byte)
	go func() { // ends with the process: nothing can take back a read
		var b [1]byte
		for {
			if n, err := f.Read(b[:]); n == 0 || err != nil {
				return
			}
			typed <- b[0]
		}
	}()
	return typed, restore, nil
}
