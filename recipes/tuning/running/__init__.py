"""Where trainings run: this process, several processes or a cluster; what a worker gets, and progress."""
