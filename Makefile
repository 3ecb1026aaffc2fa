# Every target creates .venv if necessary; only Python and make are required.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
NOTEBOOKS := force
SECONDS := 60
FUZZ = --seconds $(SECONDS)
export TF_CPP_MIN_LOG_LEVEL ?= 3
# The tests start some two hundred processes: modules are compiled once, not in each.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo portrait test check fuzz docs bench lint format protos clean

help:
	@echo "make demo     train on scikit-learn's digits, export, morph a face, and print the paths of the pictures"
	@echo "make portrait edit a photo of a real face: align it, and edit it at full size"
	@echo "make test     run the quick tests, in about four minutes on two cores"
	@echo "make check    run all tests (set KVAE_DATA to run those that need the real data sets), build the site"
	@echo "make fuzz     search for inputs that readers fail on, a minute for each (SECONDS=3600: an hour)"
	@echo "make docs     build the documentation site: build/site/index.html"
	@echo "make bench    measure the speed of kvae, plain Keras, PyTorch and pythae (installs the last two)"
	@echo "make lint     check style, formatting, imports and types"
	@echo "make format   rewrite the code in the project's style"
	@echo "make protos   compile the messages of TensorFlow Serving: keras_vae/serving/messages.proto"
	@echo "make clean    remove .venv, the pictures of the demo, and build: the site, and what fuzzing has kept"

$(VENV)/installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,lint]'
	touch $@

demo: $(VENV)/installed
	$(BIN)/kvae train digits --name digits --run-dir $(DEMO)/run --models-dir $(DEMO)/models --overwrite
	$(BIN)/kvae generate --model $(DEMO)/models/digits -n 40 --seed 0 --out $(DEMO)/digits.png --overwrite
	$(BIN)/kvae generate -n 1 --seed 26 --prior gmm --out $(DEMO)/face.png --overwrite
	$(BIN)/kvae morph $(DEMO)/face.png --attr Attractive --steps -3:3 --out $(DEMO)/attractive.png --overwrite
	$(BIN)/kvae morph $(DEMO)/face.png --attr Smiling --steps -3:3 --out $(DEMO)/smiling.png --overwrite
	@echo
	@echo "New digits:            $(CURDIR)/$(DEMO)/digits.png"
	@echo "Each epoch's pictures: $(CURDIR)/$(DEMO)/run/pictures"
	@echo "A generated face:      $(CURDIR)/$(DEMO)/face.png"
	@echo "More, less smiling:    $(CURDIR)/$(DEMO)/smiling.png"
	@echo "More, less of what raters called attractive: $(CURDIR)/$(DEMO)/attractive.png"

# scikit-image's photo of Eileen Collins: NASA, public domain.
portrait: $(VENV)/installed
	mkdir -p $(DEMO)
	$(BIN)/python -c "from skimage import data, io; io.imsave('$(DEMO)/astronaut.png', data.astronaut())"
	$(BIN)/kvae morph $(DEMO)/astronaut.png --attr Smiling --steps -2:2 --out $(DEMO)/strip.png --overwrite
	$(BIN)/kvae morph $(DEMO)/astronaut.png --attr Smiling --steps -1,0,1.5 --full-size --out $(DEMO)/edited.jpg --overwrite
	@echo
	@echo "The morph of the face:        $(CURDIR)/$(DEMO)/strip.png"
	@echo "The edited photo:             $(CURDIR)/$(DEMO)/edited_-1.jpg, edited_0.jpg, edited_1.5.jpg"

# Two processes test on two cores: threads of NumPy's products would wait for each other.
test check: export OPENBLAS_NUM_THREADS := 1
test: $(VENV)/installed
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m "not slow"

# pytest executes the notebooks, so the site need not.
check: NOTEBOOKS := off
# The same inputs each time, as far as the seconds reach: a check that passes here passes elsewhere.
check: FUZZ := --seconds 5 --runs 10000
check: $(VENV)/site docs fuzz
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --nbmake tests docs/notebooks

fuzz: $(VENV)/fuzz
	$(BIN)/python -m fuzz $(FUZZ)

$(VENV)/fuzz: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	touch $@

$(VENV)/site: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	touch $@

# The source folder is the checkout: docs/decisions/0021-site.md.
docs: $(VENV)/site
	$(BIN)/sphinx-build --quiet --jobs 2 --fail-on-warning --keep-going --conf-dir docs \
		--define nb_execution_mode=$(NOTEBOOKS) . build/site
	@echo "The site: $(CURDIR)/build/site/index.html"

$(VENV)/peers: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	touch $@

bench: $(VENV)/peers
	$(BIN)/python benchmarks/train_step.py
	$(BIN)/python benchmarks/command.py

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/hadolint Dockerfile

format: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# protoc's Python package has other needs than TensorFlow's, hence an environment for it alone.
protos:
	$(PYTHON) -m venv build/protoc
	build/protoc/bin/python -m pip install --quiet --disable-pip-version-check grpcio-tools==1.73.1
	build/protoc/bin/python -m grpc_tools.protoc --proto_path=. --include_imports \
		--descriptor_set_out=keras_vae/serving/messages.binpb keras_vae/serving/messages.proto

clean:
	rm -rf $(VENV) $(DEMO) build
