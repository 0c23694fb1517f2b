package watch

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

// Typed returns the keys that are typed at a terminal, until restore is called. Its error means
// that f is none.
func Typed(f *os.File) (keys <-chan byte, restore func(), err error) {
	restore, err = keyMode(f)
	if err != nil {
		return nil, nil, err
	}
	typed := make(chan byte)
	go func() { // it ends with the process: a read cannot be cancelled
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
