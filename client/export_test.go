package client

// HasOffer reports whether the site's offer came with the link.
func (r *Request) HasOffer() bool { return r.answer != nil }
