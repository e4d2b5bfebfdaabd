//! Reading, listing and writing files: every system call of the program that touches a path is in here.
