// A program without dependencies that changes the verifier and looks which tests notice.
module github.com/sallyport/sallyport/tools/mutants

go 1.26.0
