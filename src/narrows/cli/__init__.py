"""The commands, one file a group. They ask, call and print; what a command does lives in the layers below."""
