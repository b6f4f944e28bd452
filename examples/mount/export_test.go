package main

// NewSite is the website as main serves it.
var NewSite = newSite
