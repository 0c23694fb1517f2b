package emutest

// What the process has open, as /proc tells.
// https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html

import (
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// openFiles returns what files, pipes and sockets the process has open: by the
// descriptor's number and what the system calls it, how a message calls it.
func openFiles() map[string]string {
	found := map[string]string{}
	links, _ := filepath.Glob("/proc/self/fd/*")
	for _, link := range links {
		to, err := os.Readlink(link)
		if err != nil || strings.HasPrefix(to, "anon_inode:") || strings.HasPrefix(to, "/proc/") { // Go's own, and this list
			continue
		}
		kind, _, named := strings.Cut(to, ":[")
		switch {
		case !named:
			found[link+" "+to] = "file " + to
		case kind == "socket":
			found[link+" "+to] = "socket" + ends(filepath.Base(link))
		default:
			found[link+" "+to] = kind
		}
	}
	return found
}

// ends says between which addresses a socket of the Internet is.
func ends(number string) (s string) {
	fd, err := strconv.Atoi(number)
	if err != nil {
		return ""
	}
	if local, err := syscall.Getsockname(fd); err == nil {
		s += addressOf(" at ", local)
	}
	if remote, err := syscall.Getpeername(fd); err == nil {
		s += addressOf(" to ", remote)
	}
	return s
}

func addressOf(what string, a syscall.Sockaddr) string {
	switch a := a.(type) {
	case *syscall.SockaddrInet4:
		return what + netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)).String()
	case *syscall.SockaddrInet6:
		return what + netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port)).String()
	}
	return ""
}
