package liaison_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

func TestErrorText(t *testing.T) {
	for _, c := range []struct {
		err  liaison.Error
		want string
	}{
		{liaison.Error{Code: protocol.LinkTaken}, "link_taken"},
		{liaison.Error{Code: protocol.LinkTaken, Op: "claim link"}, "claim link: link_taken"},
		{liaison.Error{Code: protocol.Internal, Op: "claim link", Msg: "try again", Err: io.EOF}, "claim link: internal: try again: EOF"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("error %+v: got %q, want %q", c.err, got, c.want)
		}
	}
}

func TestErrorKeepsCodeAndCause(t *testing.T) {
	err := fmt.Errorf("serve: %w", &liaison.Error{Code: protocol.Unavailable, Err: fmt.Errorf("read: %w", io.EOF)})
	if !errors.Is(err, protocol.Unavailable) || !errors.Is(err, io.EOF) || protocol.CodeOf(err) != protocol.Unavailable {
		t.Errorf("error %v: want both %s and EOF to be found in it", err, protocol.Unavailable)
	}
	if err := (&liaison.Error{Code: protocol.LinkTaken}); !errors.Is(err, protocol.LinkTaken) {
		t.Errorf("error %v without a cause: want %s to be found", err, protocol.LinkTaken)
	}
}

func TestSubjects(t *testing.T) {
	if a, b := liaison.LinkSubject("a"), liaison.LinkSubject("b"); a == b || a == liaison.SessionsSubject {
		t.Errorf("subjects of two links: got %q and %q, want each its own", a, b)
	}
}
