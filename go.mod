module github.com/liaison-dev/liaison

go 1.26.8
