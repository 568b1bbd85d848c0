-- name: attribute_all
-- At start and for the catalogue: the names are held in memory. A scan on purpose.
select id, name, standard, counts, samples, changed_at from attribute_names

-- name: attribute_insert
insert into attribute_names (id, name, standard, counts, samples, changed_at)
values (:id, :name, :standard, :counts, :samples, :changed_at)

-- name: attribute_update
update attribute_names set counts = :counts, samples = :samples, changed_at = :changed_at where id = :id

-- name: attribute_names
-- For what names attributes by their row. They are few. A scan on purpose.
select id, name from attribute_names
