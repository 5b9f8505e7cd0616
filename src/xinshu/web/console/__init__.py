"""The console 工作台 for those who sign in: handing in data and what became of it. docs/channels.md, docs/pages.md."""
